"""Capture work on a GPU as a CUDA graph, and leave no trace if that fails."""

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import torch

from rnas.utils._devices import distrust

_WARM_UPS = 3

T = TypeVar("T")


def captured(work: Callable[[], T]) -> tuple[torch.cuda.CUDAGraph, T]:
    """Return a CUDA graph of some work on the current GPU, and the tensors to which each replay writes.

    The work runs a few times before. If it cannot be captured, its error is raised, on the stream of before.

    Args:
        work: waits for nothing, and reads and writes tensors that stay in their places.

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
            for _ in range(_WARM_UPS):
                work()
        before.wait_stream(stream)
        with torch.cuda.graph(graph):
            result = work()
    except Exception:
        _abandon(graph, before)
        raise
    return graph, result


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
