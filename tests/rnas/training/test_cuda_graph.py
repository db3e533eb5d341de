"""A capture that fails, on a CPU with torch's own functions for graphs in the state in which they leave a GPU."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from types import SimpleNamespace

import pytest
import torch

from rnas.attacks.pgd import PGD
from rnas.training._graphed_attack import GraphedAttack
from rnas.utils import _devices as devices
from tests.rnas.training.digits import TRAINING, network


class Streams:
    """Torch's streams and graphs. As released, a graph whose capture fails does not leave its stream."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, in_capture: Exception | None, at_end: Exception | None) -> None:
        self.default = self.stream()
        self.current = self.default
        self.recording = False
        self.ended: list[object] = []
        self.in_capture, self.at_end = in_capture, at_end
        for name in ("set_stream", "graph"):
            monkeypatch.setattr(torch.cuda, name, getattr(self, name))
        monkeypatch.setattr(torch.cuda, "current_stream", lambda: self.current)
        monkeypatch.setattr(torch.cuda, "Stream", self.stream)
        monkeypatch.setattr(torch.cuda, "stream", self.on)
        monkeypatch.setattr(torch.cuda, "device", self.on)
        monkeypatch.setattr(torch.cuda, "CUDAGraph", lambda: SimpleNamespace(pool=lambda: (0, 1), replay=self.replay))
        monkeypatch.setattr(torch._C, "_cuda_endAllocateToPool", lambda *given: self.ended.append(given))
        monkeypatch.setattr(torch._C, "_cuda_releasePool", lambda *given: self.ended.append(given))

    def stream(self) -> SimpleNamespace:
        return SimpleNamespace(wait_stream=lambda other: None, device=torch.device("cuda", 0))

    def set_stream(self, stream: SimpleNamespace) -> None:
        self.current = stream

    def replay(self) -> None:
        raise AssertionError("a graph that was not captured is replayed")

    @contextmanager
    def on(self, stream: object) -> Iterator[None]:
        before = self.current
        if isinstance(stream, SimpleNamespace):
            self.current = stream
        yield
        self.current = before

    @contextmanager
    def graph(self, graph: object) -> Iterator[None]:
        self.current = self.stream()
        try:
            if self.in_capture is not None:
                raise self.in_capture
            yield
        finally:
            if self.at_end is not None:
                raise self.at_end


CAPTURE = "CUDA error: operation failed due to a previous error during capture"


@pytest.fixture
def distrusted(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    found: set[str] = set()
    monkeypatch.setattr(devices, "_distrusted", found)
    return found


@pytest.mark.parametrize(
    ("in_capture", "at_end"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate"), torch.AcceleratorError(CAPTURE)),
        (None, torch.AcceleratorError(CAPTURE)),
        (torch.AcceleratorError("CUDA error: operation not permitted when stream is capturing"), None),
    ],
)
def test_an_attack_that_cannot_be_captured_runs_without_a_graph(
    monkeypatch: pytest.MonkeyPatch, distrusted: set[str], in_capture: Exception | None, at_end: Exception | None
) -> None:
    model, attack = network(), PGD(Fraction(1, 10), 2)
    part = TRAINING.first(8)
    batch = part.images(slice(0, 8)), part.labels, part.ids
    expected = attack(model, *batch, 0)
    streams = Streams(monkeypatch, in_capture, at_end)
    graphed = GraphedAttack(attack, model)
    for _ in range(2):
        assert torch.equal(graphed(*batch, 0), expected)
        assert streams.current is streams.default
    assert graphed.failure.startswith("AcceleratorError: CUDA error: operation")
    # One capture was tried, and its part of the memory is given back.
    assert streams.ended == [(0, (0, 1))] * 2
    assert distrusted == {"cuda"}


def test_a_network_that_does_not_fit_runs_out_of_memory_without_a_graph_too(
    monkeypatch: pytest.MonkeyPatch, distrusted: set[str]
) -> None:
    streams = Streams(monkeypatch, None, None)
    part = TRAINING.first(8)

    def full(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    model = network()
    model.register_forward_pre_hook(full)
    graphed = GraphedAttack(PGD(Fraction(1, 10), 2), model)
    with pytest.raises(torch.OutOfMemoryError):
        graphed(part.images(slice(0, 8)), part.labels, part.ids, 0)
    assert streams.current is streams.default
