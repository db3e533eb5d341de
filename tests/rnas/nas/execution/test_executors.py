"""What holds for every executor, and what only processes can do."""

import os
import signal
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from rnas.errors import ChangedInputError, InputError
from rnas.nas.evaluators.evaluator import Evaluation, Status
from rnas.nas.execution.executor import Executor, Limits
from rnas.nas.execution.in_process import InProcess
from rnas.nas.execution.process_slots import ProcessSlots
from rnas.nas.execution.ray_settings import RaySettings
from rnas.nas.execution.ray_tasks import RayTasks
from rnas.utils import _devices as devices
from tests.evaluators import Scripted, as_task
from tests.launcher import Program
from tests.rnas.cli.test_kill_and_resume import wait_until_gone

Make = Callable[..., Executor]


@pytest.fixture(params=["in-process", "process-slots", pytest.param("ray", marks=pytest.mark.slow)])
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    """An executor of one or two slots for a Scripted evaluator, closed at the end."""
    made: list[Executor] = []
    if request.param == "ray":
        request.getfixturevalue("ray_cluster")

    def build(evaluator: Scripted, seconds: float | None = None) -> Executor:
        limits = Limits(seconds)
        match request.param:
            case "in-process":
                made.append(InProcess(evaluator, "cpu", limits))
            case "process-slots":
                made.append(ProcessSlots(evaluator, ["cpu", "cpu"], limits))
            case _:
                made.append(RayTasks(evaluator, RaySettings(), limits))
        return made[-1]

    yield build
    for executor in made:
        executor.close()


def run_all(executor: Executor, channels: list[int]) -> dict[int, Evaluation]:
    waiting, results = list(enumerate(channels)), {}
    while waiting or len(results) < len(channels):
        while waiting and len(channels) - len(waiting) - len(results) < executor.slots:
            number, width = waiting.pop(0)
            executor.submit(number, as_task(width, seed=number))
        results |= dict(executor.wait(lambda shares: None))
    return results


def test_results_belong_to_their_numbers(make: Make) -> None:
    results = run_all(make(Scripted({})), [16, 17, 18, 19, 20])
    assert {number: result.metrics["score"] for number, result in results.items()} == {
        number: 3 + number / 10 for number in range(5)
    }
    assert {result.provenance["threads"] for result in results.values()} == {1}


FAILURES = {
    17: ("diverge", Status.DIVERGED, "not finite"),
    18: ("take_all_memory", Status.OUT_OF_MEMORY, "memory"),
    19: ("sleep_past_deadline", Status.TIMEOUT, "time limit"),
    20: ("not_a_number", Status.FAILED, "'score' is not a finite number"),
    21: ("fault", Status.FAILED, "ValueError: a fault"),
    22: ("leave", Status.FAILED, "SystemExit: 3"),
}


@pytest.mark.slow
def test_a_failure_is_a_result_and_the_others_go_on(make: Make) -> None:
    scripted = Scripted({width: behaviour for width, (behaviour, _, _) in FAILURES.items()})
    widths = [number for failing in FAILURES for number in (failing, 16)]
    results = run_all(make(scripted, seconds=3.0), widths)
    for number, width in enumerate(widths):
        _, status, reason = FAILURES.get(width, ("", Status.COMPLETE, ""))
        assert results[number].status is status
        assert reason in results[number].reason
        assert "\n" not in results[number].reason
        assert bool(results[number].metrics) == (status is Status.COMPLETE)


@pytest.mark.slow
def test_a_worker_killed_once_costs_its_evaluation_a_retry(tmp_path: Path) -> None:
    executor = ProcessSlots(Scripted({17: "kill_self"}, tmp_path, once=True), ["cpu", "cpu"], Limits())
    try:
        results = run_all(executor, [16, 17, 18, 19])
    finally:
        executor.close()
    assert all(result.status is Status.COMPLETE for result in results.values())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["16-0", "17-0", "17-1", "18-0", "19-0"]


@pytest.mark.slow
def test_a_candidate_that_kills_its_worker_twice_is_recorded_and_passed_over(tmp_path: Path) -> None:
    executor = ProcessSlots(Scripted({17: "kill_self"}, tmp_path), ["cpu", "cpu"], Limits())
    try:
        results = run_all(executor, [16, 17, 18, 19])
    finally:
        executor.close()
    assert results[1].status is Status.FAILED
    assert "killed 2 times" in results[1].reason
    assert all(results[number].status is Status.COMPLETE for number in (0, 2, 3))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["16-0", "17-0", "17-1", "18-0", "19-0"]


@pytest.mark.slow
def test_a_worker_deaf_to_its_deadline_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rnas.nas.execution.process_slots._GRACE_SECONDS", 0.5)
    executor = ProcessSlots(Scripted({17: "sleep_deaf"}), ["cpu"], Limits(seconds=0.5))
    try:
        results = run_all(executor, [17, 16])
    finally:
        executor.close()
    assert results[0].status is Status.TIMEOUT
    assert results[1].status is Status.COMPLETE


def test_progress_is_told_and_a_worker_on_a_shared_device_is_first_asked_to_leave(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "control").touch()
    monkeypatch.setenv("CUDA_MPS_PIPE_DIRECTORY", str(tmp_path))
    monkeypatch.setattr(devices, "CONTEXTS", {"cpu": lambda device: None})
    seen: list[float] = []
    sent: list[int] = []
    send = os.kill
    monkeypatch.setattr(os, "kill", lambda process, number: (sent.append(number), send(process, number)))
    executor = ProcessSlots(Scripted({}, seconds=1.0), ["cpu"], Limits())
    try:
        executor.submit(4, as_task(16))
        executor.wait(lambda shares: seen.extend(shares.values()))
    finally:
        executor.close()
    assert 0.5 in seen
    assert sent[0] == signal.SIGTERM
    # It left by itself.
    assert signal.SIGKILL not in sent


@pytest.mark.slow
def test_a_worker_killed_while_idle_costs_nothing(tmp_path: Path) -> None:
    executor = ProcessSlots(Scripted({}, tmp_path), ["cpu"], Limits())
    try:
        run_all(executor, [16])
        os.kill(executor._slots[0]._ready.result(), signal.SIGKILL)
        time.sleep(0.5)
        results = run_all(executor, [17])
    finally:
        executor.close()
    assert results[0].status is Status.COMPLETE
    assert sorted(path.name for path in tmp_path.iterdir()) == ["16-0", "17-0"]


class _Homebound(Scripted):
    """Can be pickled, but not read in another process."""

    def __reduce__(self):
        return (_only_here, (os.getpid(),))


def _only_here(process: int) -> Scripted:
    if os.getpid() != process:
        raise RuntimeError("not here")
    return _Homebound({})


@pytest.mark.slow
def test_workers_that_cannot_start_end_the_search_and_are_charged_to_no_candidate() -> None:
    executor = ProcessSlots(_Homebound({}), ["cpu"], Limits())
    try:
        executor.submit(0, as_task(16))
        with pytest.raises(InputError, match="worker processes cannot start"):
            executor.wait(lambda shares: None)
    finally:
        executor.close()


def test_an_evaluator_that_cannot_travel_is_refused() -> None:
    with pytest.raises(InputError, match="workers: 0"):
        ProcessSlots(Scripted({1: lambda: None}), ["cpu"], Limits())


DRIVER = """
    import sys
    from rnas.nas.execution.executor import Limits
    from rnas.nas.execution.process_slots import ProcessSlots
    from tests.evaluators import Scripted, as_task

    if __name__ == "__main__":
        executor = ProcessSlots(Scripted({16: "sleep_deaf"}), ["cpu", "cpu"], Limits())
        executor.submit(0, as_task(16))
        executor.submit(1, as_task(16))
        try:
            print(*(slot._ready.result() for slot in executor._slots), file=sys.stderr, flush=True)
            executor.wait(lambda shares: None)
        finally:
            executor.close()
"""


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_no_worker_outlives_its_driver(tmp_path: Path, how: signal.Signals) -> None:
    script = tmp_path / "driver.py"
    script.write_text(textwrap.dedent(DRIVER))
    driver = Program(script)
    try:
        workers = [int(word) for word in driver.stderr.readline().split()]
        assert len(workers) == 2
        driver.send_signal(how)
        driver.wait(timeout=120)
    finally:
        driver.kill()
    assert wait_until_gone(driver.pid) == []


@dataclass(frozen=True)
class _Reading(Scripted):
    """Reads a file for every evaluation."""

    file: Path = Path()

    @property
    def inputs(self) -> dict[str, str]:
        return {"file": self.file.read_text()}


def test_nothing_is_evaluated_with_a_file_that_changed(make: Make, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("before")
    executor = make(_Reading({}, file=file))
    assert len(run_all(executor, [16])) == 1
    file.write_text("after")
    with pytest.raises(ChangedInputError, match=r"^file: the content has changed since the run was started"):
        run_all(executor, [17])
