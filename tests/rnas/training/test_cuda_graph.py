"""A capture that fails, on a CPU with torch's own functions for graphs in the state in which they leave a GPU."""

from fractions import Fraction
from types import SimpleNamespace

import pytest
import torch

from rnas.attacks.pgd import PGD
from rnas.training._cuda_graph import seconds_without_launches
from rnas.training._graphed_attack import GraphedAttack
from rnas.utils import _devices as devices
from tests.rnas.faulty_device import IN_CAPTURE, Streams
from tests.rnas.training.digits import TRAINING, network

FULL = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")


@pytest.fixture(autouse=True)
def distrusted(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    found: set[str] = set()
    monkeypatch.setattr(devices, "_distrusted", found)
    return found


@pytest.mark.parametrize(
    ("in_capture", "at_end"),
    [
        (FULL, torch.AcceleratorError(IN_CAPTURE)),
        (None, torch.AcceleratorError(IN_CAPTURE)),
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
    assert streams.captures == 1
    assert streams.freed == [("_cuda_endAllocateToPool", 0, (0, 1)), ("_cuda_releasePool", 0, (0, 1))]
    assert distrusted == {"cuda"}


def test_a_network_that_does_not_fit_runs_out_of_memory_without_a_graph_too(monkeypatch: pytest.MonkeyPatch) -> None:
    streams = Streams(monkeypatch)
    part, model = TRAINING.first(8), network()

    def fill(*_: object) -> None:
        raise FULL

    model.register_forward_pre_hook(fill)
    graphed = GraphedAttack(PGD(Fraction(1, 10), 2), model)
    with pytest.raises(torch.OutOfMemoryError):
        graphed(part.images(slice(0, 8)), part.labels, part.ids, 0)
    assert streams.current is streams.default


@pytest.mark.parametrize("error", [None, torch.AcceleratorError(IN_CAPTURE)])
def test_a_latency_is_the_gpus_own_time_of_a_graph(monkeypatch: pytest.MonkeyPatch, error: Exception | None) -> None:
    Streams(monkeypatch, at_end=error)
    replays: list[int] = []
    graph = SimpleNamespace(pool=lambda: (0, 1), replay=lambda: replays.append(1))
    event = SimpleNamespace(record=lambda: None, synchronize=lambda: None, elapsed_time=lambda end: 250.0)
    monkeypatch.setattr(torch.cuda, "CUDAGraph", lambda: graph)
    monkeypatch.setattr(torch.cuda, "Event", lambda enable_timing: event)
    runs: list[int] = []
    assert seconds_without_launches(lambda: runs.append(1), 100) == 2.5e-3
    # The warm-ups and the capture; without a graph the work itself as well.
    assert (len(runs), len(replays)) == ((4, 101) if error is None else (105, 0))
