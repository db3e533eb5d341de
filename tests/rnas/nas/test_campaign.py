import numpy as np
import pytest

from rnas.nas._campaign import evaluate_all
from rnas.nas._problem import problem_of
from rnas.nas.evaluators.evaluator import Task
from rnas.nas.execution.executor import Limits
from rnas.nas.execution.in_process import InProcess
from rnas.nas.ledger import Ledger, Record
from rnas.nas.strategy import Problem
from search_spaces.wide_resnet import DepthGrid
from tests.evaluators import Scripted
from tests.rnas.nas.test_loop import OBJECTIVES, Interrupting, Shuffled


@pytest.fixture(scope="module")
def problem() -> Problem:
    return problem_of(DepthGrid(DepthGrid.Settings(), (3, 32, 32), 10), Scripted({}), OBJECTIVES)


@pytest.fixture(scope="module")
def tasks(problem: Problem) -> list[Task]:
    drawn = problem.space.sample(3, np.random.default_rng(0))
    return [Task(problem.space.decode(genome), seed, {"epochs": 2}) for genome in drawn for seed in (1, 2)]


def found(records: tuple[Record, ...]) -> list[tuple[str, int, str, float]]:
    return [(record.key, record.seed, record.status, record.metrics["score"]) for record in records]


def test_every_task_has_its_record_in_order(problem: Problem, tasks: list[Task]) -> None:
    ledger = Ledger.in_memory(OBJECTIVES)
    records = evaluate_all([*tasks, tasks[0]], problem, ledger, Shuffled(Scripted({}), 0))
    assert len(ledger) == len(tasks)
    assert records[-1] == records[0]
    for task, record in zip(tasks, records, strict=False):
        assert (record.architecture, record.seed, record.fidelity) == (task.architecture, task.seed, {"epochs": 2})
        assert record.metrics["score"] == sum(task.architecture.depths) + task.seed / 10
        assert record.metrics["flops"] > 0


def test_what_has_a_result_is_not_evaluated_again(problem: Problem, tasks: list[Task]) -> None:
    ledger = Ledger.in_memory(OBJECTIVES)
    first = evaluate_all(tasks[:4], problem, ledger, InProcess(Scripted({}), "cpu", Limits()))
    more = Task(tasks[0].architecture, 1, {"epochs": 3})
    records = evaluate_all([*tasks, more], problem, ledger, InProcess(Scripted({160: "fault"}), "cpu", Limits()))
    assert records[:4] == first
    assert {record.status for record in records[4:]} == {"failed"}
    assert len(records) == 7


def test_interrupted_anywhere_it_goes_on(problem: Problem, tasks: list[Task]) -> None:
    whole = found(evaluate_all(tasks, problem, Ledger.in_memory(OBJECTIVES), Shuffled(Scripted({}), 0)))
    for at in range(2 * len(tasks)):
        ledger = Ledger.in_memory(OBJECTIVES)
        with pytest.raises(KeyboardInterrupt):
            evaluate_all(tasks, problem, ledger, Shuffled(Scripted({}), 1), Interrupting(at))
        assert found(evaluate_all(tasks, problem, ledger, Shuffled(Scripted({}), 2))) == whole
        assert len(ledger) == len(tasks)


def test_nothing_is_started_when_the_time_is_up(problem: Problem, tasks: list[Task]) -> None:
    records = evaluate_all(tasks, problem, Ledger.in_memory(OBJECTIVES), Shuffled(Scripted({}), 0), until=0.0)
    assert [record.status for record in records] == ["pending"] * len(tasks)
