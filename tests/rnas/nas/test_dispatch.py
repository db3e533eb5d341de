from collections.abc import Callable, Mapping

import numpy as np
import pytest

from rnas.experiment import Listener
from rnas.nas._dispatch import dispatch
from rnas.nas._problem import problem_of
from rnas.nas.evaluators.evaluator import Evaluation, Task
from rnas.nas.ledger import Ledger, Record
from rnas.nas.strategy import Problem
from rnas.networks import architecture as arch
from search_spaces.wide_resnet import DepthGrid
from tests.evaluators import Scripted
from tests.rnas.nas.test_loop import OBJECTIVES, Shuffled


@pytest.fixture(scope="module")
def problem() -> Problem:
    return problem_of(DepthGrid(DepthGrid.Settings(), (3, 32, 32), 10), Scripted({}), OBJECTIVES)


class Watched(Shuffled):
    """Notes what is started, and how many run whenever one is waited for."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.started: list[int] = []
        self.at_once: list[int] = []

    def submit(self, number: int, task: Task) -> None:
        self.started.append(number)
        super().submit(number, task)

    def wait(self, tick: Callable[[Mapping[int, float]], None]) -> list[tuple[int, Evaluation]]:
        self.at_once.append(len(self.running))
        return super().wait(tick)


def propose(problem: Problem, ledger: Ledger, n: int) -> list[int]:
    """Write the n next proposals."""
    first = len(ledger)
    for genome in problem.space.sample(first + n, np.random.default_rng(0))[first:]:
        architecture = problem.space.decode(genome)
        parameters = problem.space.parameters(architecture)
        record = Record(len(ledger), arch.key(architecture), architecture, 1, {}, 0, 0, parameters=parameters)
        ledger.propose(record, problem.space.all_variables)
    return list(range(first, first + n))


def test_all_slots_are_busy_and_results_are_whole(problem: Problem) -> None:
    ledger, executor = Ledger.in_memory(OBJECTIVES), Watched(Scripted({}), 0)
    dispatch(propose(problem, ledger, 7), problem, ledger, executor, Listener(), float("inf"))
    assert executor.started == list(range(7))
    assert executor.at_once == [3, 3, 3, 3, 3, 2, 1]
    for record in ledger.records:
        assert record.metrics["score"] == sum(record.architecture.depths) + 0.1
        assert record.metrics["flops"] > 0


def test_more_is_asked_for_whenever_results_are_in(problem: Problem) -> None:
    ledger, executor = Ledger.in_memory(OBJECTIVES), Watched(Scripted({}), 0)

    def more() -> list[int]:
        return propose(problem, ledger, 1) if len(ledger) < 5 else []

    dispatch(propose(problem, ledger, 1), problem, ledger, executor, Listener(), float("inf"), more)
    assert executor.started == list(range(5))
    assert all(record.complete for record in ledger.records)


def test_nothing_is_asked_for_or_started_when_the_time_is_up(problem: Problem) -> None:
    ledger = Ledger.in_memory(OBJECTIVES)
    waiting = propose(problem, ledger, 2)
    dispatch(waiting, problem, ledger, Watched(Scripted({}), 0), Listener(), 0.0, lambda: propose(problem, ledger, 1))
    assert [record.evaluation for record in ledger.records] == [None, None]
