"""Capture work on a GPU as a CUDA graph, and leave no trace if that fails."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from typing import Generic, Protocol, TypeVar

import torch
from torch import Tensor

from rnas.errors import error_text
from rnas.utils._devices import distrust, release
from rnas.utils._text import one_line

_WARM_UPS = 3

T = TypeVar("T")


class Graph(Protocol):
    """Work that was captured."""

    def replay(self) -> None:
        """Do the work again."""


class Capture(Protocol):
    """Function that captures work."""

    def __call__(self, work: Callable[[], T], state: Sequence[Tensor] = ()) -> tuple[Graph, T]:
        """Return the graph, and the tensors to which each replay writes; see :func:`captured`."""


def captured(work: Callable[[], T], state: Sequence[Tensor] = ()) -> tuple[Graph, T]:
    """Return a CUDA graph of some work on the current GPU, and the tensors to which each replay writes.

    The work runs a few times before. If it cannot be captured, its error is raised, on the stream of before.

    Args:
        work: waits for nothing, and reads and writes tensors that stay in their places.
        state: tensors that the work changes; they are afterwards as they were before.

    Raises:
        Exception: whatever the work raises, or ``torch.AcceleratorError`` if it does what a capture forbids, or if
            memory runs out in a capture.
    """
    before = torch.cuda.current_stream()
    graph = torch.cuda.CUDAGraph()
    try:
        stream: torch.cuda.Stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        stream.wait_stream(before)
        # Libraries choose and set up their kernels in the first runs, which must not be captured.
        with torch.cuda.stream(stream):
            warm_up(work, state)
        before.wait_stream(stream)
        with torch.cuda.graph(graph):
            result = work()
    except Exception:
        _abandon(graph, before)
        raise
    return graph, result


CAPTURES: dict[str, Capture] = {"cuda": captured}
"""How work is captured, by type of device."""


def warm_up(work: Callable[[], object], state: Sequence[Tensor]) -> None:
    """Do some work a few times, and restore the state that it changes."""
    kept = [tensor.clone() for tensor in state]
    try:
        for _ in range(_WARM_UPS):
            work()
    finally:
        for tensor, own in zip(state, kept, strict=True):
            tensor.copy_(own)


def seconds_without_launches(work: Callable[[], object], times: int = 100) -> float:
    """Return the mean time of some work on the current GPU, in seconds, without that of launching its kernels.

    Work that cannot be captured is launched in the ordinary way, which takes most of the time if its kernels are short.
    """
    with suppress(Exception):
        work = captured(work)[0].replay
    work()
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
    start.record()
    for _ in range(times):
        work()
    end.record()
    end.synchronize()
    milliseconds: float = start.elapsed_time(end)
    return milliseconds / 1e3 / times


class Graphed(Generic[T]):
    """Do work on batches of one shape as a graph, and on other shapes, or if it cannot be captured, without.

    Args:
        work: function of tensors, which may be nested in what it returns. All other tensors that it reads and writes
            stay in their places, and nothing else changes what it does from one call to the next.
        capture: captures work on the device of the tensors.
        state: tensors that the work changes, other than those that it returns.

    Attributes:
        failure: why there is no graph, in one line; empty if there is one, or none was captured yet.
    """

    def __init__(self, work: Callable[..., T], capture: Capture, state: Sequence[Tensor] = ()) -> None:
        self._work = work
        self._capture = capture
        self._state = state
        self._inputs: tuple[Tensor, ...] = ()
        self._graph: tuple[Graph, T] | None = None
        self.failure = ""

    def __call__(self, *inputs: Tensor) -> T:
        """Return what the work returns; the next call may write into the same tensors."""
        device = inputs[0].device
        # Graphs and streams are created on the current device.
        with torch.cuda.device(device) if device.type == "cuda" else nullcontext():
            if self._graph is None and not self.failure:
                self._try_to_capture(inputs)
            if self._graph is None or any(a.shape != b.shape for a, b in zip(inputs, self._inputs, strict=True)):
                return self._work(*inputs)
            for kept, given in zip(self._inputs, inputs, strict=True):
                kept.copy_(given)
            graph, result = self._graph
            graph.replay()
        return result

    def _try_to_capture(self, inputs: tuple[Tensor, ...]) -> None:
        self._inputs = tuple(tensor.clone() for tensor in inputs)
        try:
            self._graph = self._capture(lambda: self._work(*self._inputs), self._state)
        except Exception as error:
            # Without a graph the result is the same, or the error says what is wrong with the network.
            self.failure = one_line(f"{type(error).__name__}: {error_text(error)}")
            self._inputs = ()
        if self.failure:
            # Only here has the traceback let go of what was allocated.
            release()


def _abandon(graph: torch.cuda.CUDAGraph, before: torch.cuda.Stream) -> None:
    """Undo what torch leaves of a capture that failed: its stream, and memory that is set aside for it."""
    torch.cuda.set_stream(before)
    device = before.device
    distrust(str(device))
    # This raises if torch has ended it, or if nothing was captured yet.
    with suppress(RuntimeError):
        pool = graph.pool()
        torch._C._cuda_endAllocateToPool(device.index, pool)
        torch._C._cuda_releasePool(device.index, pool)
