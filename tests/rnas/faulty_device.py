"""A device that networks can break, on a CPU: an evaluator for it, and CUDA graphs as a failed capture leaves them.

A folder stands for the device. A network that breaks it adds a file there, and then every process that has used the
device before has lost it, as where processes share a GPU. A process that starts afterwards can use it.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from rnas.attacks.pgd import PGD
from rnas.nas.evaluators.evaluator import Context, Task
from rnas.networks import architecture as arch
from rnas.training._graphed_attack import GraphedAttack
from rnas.utils import _devices as devices

FOLDER = "RNAS_TEST_DEVICE"
"""Environment variable that names the folder; it holds ``script.json``, what happens by the key of a network."""

LOST = "CUDA error: device-side assert triggered"
IN_CAPTURE = "CUDA error: operation failed due to a previous error during capture"

_first_use: list[int] = []


def restart() -> None:
    """Let this process use the device as a new one."""
    _first_use.clear()


def score(task: Task, _context: Context) -> dict[str, float]:
    """Return the depth of a network, after what the script says for it."""
    devices.CONTEXTS["cpu"] = _use
    folder, key = Path(os.environ[FOLDER]), arch.key(task.architecture)
    script = json.loads((folder / "script.json").read_text())
    _use("cpu")
    with (folder / "attempts").open("a") as file:
        file.write(f"{os.getpid()} {key}\n")
    FAULTS.get(script.get(key, ""), time.sleep)(0.05)
    _use("cpu")
    return {"score": float(sum(task.architecture.depths)) + task.seed}


def _use(_device: str) -> None:
    faults = len(list(Path(os.environ[FOLDER]).glob("broken-*")))
    if not _first_use:
        _first_use.append(faults)
    if faults > _first_use[0]:
        raise torch.AcceleratorError(LOST)


def _break(_seconds: float) -> None:
    folder = Path(os.environ[FOLDER])
    (folder / f"broken-{len(list(folder.glob('broken-*')))}").touch()


def _fill_in_capture(_seconds: float) -> None:
    """Attack a network that fits in memory until a graph is captured."""
    with pytest.MonkeyPatch.context() as patch:
        streams = Streams(patch)

        def fill(*_: object) -> None:
            if streams.captures:
                streams.at_end = torch.AcceleratorError(IN_CAPTURE)
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

        model = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
        model.register_forward_pre_hook(fill)
        GraphedAttack(PGD(Fraction(1, 10), 1), model)(
            torch.zeros(2, 1, 2, 2), torch.zeros(2).long(), torch.arange(2), 0
        )


def _hang(_seconds: float) -> None:
    time.sleep(600)


def _fill_at_first(_seconds: float) -> None:
    """Need more memory than there is at the first attempt."""
    attempts = [line.split() for line in (Path(os.environ[FOLDER]) / "attempts").read_text().splitlines()]
    [*_, own] = [key for process, key in attempts if process == str(os.getpid())]
    if [key for _, key in attempts].count(own) == 1:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")


FAULTS: dict[str, Callable[[float], None]] = {
    "break": _break,
    "fill": _fill_in_capture,
    "fill-at-first": _fill_at_first,
    "hang": _hang,
}


class Streams:
    """Replace torch's streams and graphs. As released, a graph whose capture fails does not leave its stream.

    Attributes:
        current: the current stream.
        captures: number of captures so far.
        freed: what was given back to the allocator.
        in_capture: error of the work that is captured.
        at_end: error at the end of the capture.
    """

    def __init__(
        self, patch: pytest.MonkeyPatch, in_capture: Exception | None = None, at_end: Exception | None = None
    ) -> None:
        self.default = self.current = self._stream()
        self.captures = 0
        self.freed: list[object] = []
        self.in_capture, self.at_end = in_capture, at_end
        patch.setattr(torch.cuda, "current_stream", lambda: self.current)
        patch.setattr(torch.cuda, "set_stream", lambda stream: setattr(self, "current", stream))
        patch.setattr(torch.cuda, "Stream", self._stream)
        patch.setattr(torch.cuda, "stream", self._on)
        patch.setattr(torch.cuda, "device", self._on)
        patch.setattr(torch.cuda, "CUDAGraph", lambda: SimpleNamespace(pool=lambda: (0, 1)))
        patch.setattr(torch.cuda, "graph", self._graph)
        for name in ("_cuda_endAllocateToPool", "_cuda_releasePool"):
            patch.setattr(torch._C, name, lambda *given, name=name: self.freed.append((name, *given)), raising=False)

    def _stream(self) -> SimpleNamespace:
        return SimpleNamespace(wait_stream=lambda other: None, device=torch.device("cuda", 0))

    @contextmanager
    def _on(self, place: object) -> Iterator[None]:
        before = self.current
        if isinstance(place, SimpleNamespace):
            self.current = place
        yield
        self.current = before

    @contextmanager
    def _graph(self, _graph: object) -> Iterator[None]:
        self.captures += 1
        self.current = self._stream()
        try:
            if self.in_capture is not None:
                raise self.in_capture
            yield
        finally:
            if self.at_end is not None:
                raise self.at_end
