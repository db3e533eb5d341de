from contextlib import nullcontext

import pytest

from rnas.errors import InputError
from rnas.nas.execution import RaySettings, on_ray, on_this_host
from rnas.nas.execution._local import devices, executor_of, measured_slots, slots
from rnas.nas.execution.in_process import InProcess
from rnas.nas.execution.process_slots import ProcessSlots
from tests.evaluators import Scripted


class Instant(Scripted):
    instant = True


def test_workers_are_counted() -> None:
    assert devices("cpu", 3) == slots(3, "cpu") == ["cpu"] * 3
    assert devices("cpu", 0) == []
    assert slots(0, "cpu") == ["cpu"]
    assert len(devices("cpu", None)) >= 1
    with pytest.raises(InputError, match="workers: 1,000,000 processes on one host; the most is 1,000"):
        devices("cpu", 1_000_000)


def test_a_gpu_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert devices("auto", 2) == ["cpu", "cpu"]
    with (
        pytest.raises(InputError, match="cuda is not available here; use device: cpu"),
        executor_of(Scripted({}), 1, device="cuda"),
    ):
        pass


def test_a_cost_estimate_measures_this_host_only() -> None:
    assert measured_slots(2, "cpu") == ["cpu"] * 2
    for ray, block in ((RaySettings(), nullcontext()), (None, on_ray())):
        with block, pytest.raises(InputError, match="ray: a cost estimate measures this host"):
            measured_slots(2, "cuda", ray)
    with on_this_host():
        assert measured_slots(0, "cpu", RaySettings()) == ["cpu"]


@pytest.mark.parametrize(
    ("evaluator", "workers", "kind", "count"),
    [
        (Scripted({}), 0, InProcess, 1),
        (Scripted({}), 2, ProcessSlots, 2),
        (Instant({}), None, InProcess, 1),
        (Instant({}), 2, ProcessSlots, 2),
    ],
)
def test_processes_of_their_own_unless_that_is_not_worth_it(
    evaluator: Scripted, workers: int | None, kind: type, count: int
) -> None:
    with executor_of(evaluator, workers, device="cpu") as executor:
        assert isinstance(executor, kind)
        assert executor.slots == count
