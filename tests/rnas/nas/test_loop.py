from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from rnas.errors import InputError
from rnas.experiment import Listener
from rnas.nas._loop import Loop
from rnas.nas._problem import problem_of
from rnas.nas.evaluators.evaluator import Context, Evaluation, Task
from rnas.nas.execution.executor import Executor, Limits
from rnas.nas.execution.in_process import InProcess
from rnas.nas.ledger import Ledger, Record
from rnas.nas.objective import Objective
from rnas.nas.strategies.nsga2 import NSGA2Strategy
from rnas.nas.strategies.random import RandomSearch
from rnas.nas.strategy import Problem, Proposal, View
from search_spaces.wide_resnet import DepthGrid
from tests.evaluators import Scripted

OBJECTIVES = (
    Objective(metric="score", direction="maximize"),
    Objective(metric="flops", direction="minimize"),
)
EVALUATOR = Scripted({})


@pytest.fixture(scope="module")
def problem() -> Problem:
    space = DepthGrid(DepthGrid.Settings(), (3, 32, 32), 10)
    return problem_of(space, EVALUATOR, OBJECTIVES)


@dataclass
class Shuffled:
    """An executor of three slots in which evaluations end in an order of its own."""

    evaluator: Any
    seed: int
    slots: int = 3
    running: list[tuple[int, Task]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)

    def submit(self, number: int, task: Task) -> None:
        self.running.append((number, task))

    def wait(self, tick: Callable[[Mapping[int, float]], None]) -> list[tuple[int, Evaluation]]:
        number, task = self.running.pop(int(self.rng.integers(len(self.running))))
        return [(number, self.evaluator.evaluate(task, Context()))]

    def close(self) -> None:
        self.running.clear()


def loop(problem: Problem, ledger: Ledger, **changes: Any) -> Loop:
    settings: dict[str, Any] = {
        "problem": problem,
        "strategy": NSGA2Strategy(problem, population=8),
        "ledger": ledger,
        "executor": InProcess(EVALUATOR, "cpu", Limits()),
        "seed": 3,
        "batch_size": 4,
        "lookahead": 1,
    }
    return Loop(**{**settings, **changes})


def finished(problem: Problem, budget: int, **changes: Any) -> tuple[Record, ...]:
    ledger = Ledger.in_memory(OBJECTIVES)
    loop(problem, ledger, **changes).run(budget)
    return without_seconds(ledger.records)


def without_seconds(records: tuple[Record, ...]) -> list[Any]:
    return [
        (r.number, r.key, r.seed, r.fidelity, r.batch, r.num_observed, r.predictions, r.status, r.metrics)
        for r in records
    ]


def test_the_budget_is_met_with_different_architectures(problem: Problem) -> None:
    records = finished(problem, 30)
    assert len(records) == 30
    assert len({key for _, key, *_ in records}) == 30
    assert [batch for _, _, _, _, batch, *_ in records] == [number // 4 for number in range(30)]


def test_a_batch_is_proposed_from_the_batches_before_the_open_one(problem: Problem) -> None:
    records = finished(problem, 20)
    assert [num_observed for _, _, _, _, _, num_observed, *_ in records[::4]] == [0, 0, 4, 8, 12]
    waiting = finished(problem, 20, lookahead=0)
    assert [num_observed for _, _, _, _, _, num_observed, *_ in waiting[::4]] == [0, 4, 8, 12, 16]


@pytest.mark.parametrize("seed", range(4))
def test_the_order_in_which_evaluations_end_changes_nothing(problem: Problem, seed: int) -> None:
    assert finished(problem, 26, executor=Shuffled(EVALUATOR, seed)) == finished(problem, 26)


def test_the_seed_decides(problem: Problem) -> None:
    assert finished(problem, 12) == finished(problem, 12)
    assert finished(problem, 12) != finished(problem, 12, seed=4)


@pytest.mark.parametrize("first", [1, 4, 6, 13, 19])
def test_an_extended_search_is_the_longer_one(problem: Problem, first: int) -> None:
    ledger = Ledger.in_memory(OBJECTIVES)
    loop(problem, ledger).run(first)
    assert len(ledger) == first
    loop(problem, ledger).run(20)
    assert without_seconds(ledger.records) == finished(problem, 20)


class Interrupting(Listener):
    """Raises at the n-th event."""

    def __init__(self, at: int) -> None:
        self.left = at

    def _count(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt

    def proposed(self, record: Record) -> None:
        self._count()

    def recorded(self, record: Record) -> None:
        self._count()


@pytest.mark.parametrize("executor", ["in-process", "shuffled"])
def test_interrupted_anywhere_and_resumed_it_ends_as_if_it_had_not_been(problem: Problem, executor: str) -> None:
    def make() -> Executor:
        return Shuffled(EVALUATOR, 0) if executor == "shuffled" else InProcess(EVALUATOR, "cpu", Limits())

    whole = finished(problem, 14)
    for at in range(28):
        ledger = Ledger.in_memory(OBJECTIVES)
        with pytest.raises(KeyboardInterrupt):
            loop(problem, ledger, executor=make(), listener=Interrupting(at)).run(14)
        loop(problem, ledger, executor=make()).run(14)
        assert without_seconds(ledger.records) == whole


def test_failures_are_kept_and_the_search_goes_on(problem: Problem) -> None:
    broken = Scripted({160: "diverge"})
    records = finished(problem, 12, executor=InProcess(broken, "cpu", Limits()))
    assert {status for *_, status, metrics in records} == {"diverged"}
    assert all(metrics == {} for *_, metrics in records)
    assert len({key for _, key, *_ in records}) == 12


def test_known_metrics_are_in_every_complete_record(problem: Problem) -> None:
    for *_, metrics in finished(problem, 4):
        assert set(metrics) == {"score", "flops", "params"}


class _Other(Scripted):
    def evaluate(self, task: Task, context: Context) -> Evaluation:
        result = super().evaluate(task, context)
        return Evaluation(result.status, {"another": 1.0})


def test_a_later_evaluation_without_an_objective_fails_and_says_so(problem: Problem) -> None:
    ledger = Ledger.in_memory(OBJECTIVES)
    loop(problem, ledger).run(2)
    loop(problem, ledger, executor=InProcess(_Other({}), "cpu", Limits())).run(4)
    assert [record.status for record in ledger.records] == ["complete"] * 2 + ["failed"] * 2
    assert "gave no metric 'score'" in ledger.records[2].evaluation.reason


def test_the_first_evaluation_without_an_objective_ends_the_search(problem: Problem) -> None:
    ledger = Ledger.in_memory(OBJECTIVES)
    with pytest.raises(InputError, match="gave no metric 'score'"):
        loop(problem, ledger, executor=InProcess(_Other({}), "cpu", Limits())).run(2)
    assert all(record.evaluation is None for record in ledger.records)


def test_an_exhausted_space_ends_the_search() -> None:
    settings = DepthGrid.Settings(narrow={"depth1": [2, 3], "depth2": [2, 3], "depth3": [2, 3]})
    small = problem_of(DepthGrid(settings, (3, 32, 32), 10), EVALUATOR, OBJECTIVES)
    ledger = Ledger.in_memory(OBJECTIVES)
    for _ in range(2):
        loop(small, ledger, strategy=RandomSearch(small), batch_size=3).run(50)
        assert len(ledger) == 8


def test_nothing_new_is_started_after_the_time_is_up(problem: Problem) -> None:
    ledger = Ledger.in_memory(OBJECTIVES)
    loop(problem, ledger).run(20, until=0.0)
    assert len(ledger) == 0


@dataclass
class Watched(Shuffled):
    """Remembers how many evaluations ran each time that it waited."""

    busy: list[int] = field(default_factory=list)

    def wait(self, tick: Callable[[Mapping[int, float]], None]) -> list[tuple[int, Evaluation]]:
        self.busy.append(len(self.running))
        return super().wait(tick)


def test_an_asynchronous_search_proposes_from_every_result_and_keeps_all_slots_busy(problem: Problem) -> None:
    executor = Watched(EVALUATOR, 0)
    records = finished(problem, 20, asynchronous=True, batch_size=5, executor=executor)
    assert [num_observed for _, _, _, _, _, num_observed, *_ in records] == [0] * 5 + list(range(1, 16))
    assert executor.busy == [3] * 18 + [2, 1]
    assert len({key for _, key, *_ in records}) == 20


class Growing(Watched):
    """Has one slot at first, and six after three results."""

    def wait(self, tick: Callable[[Mapping[int, float]], None]) -> list[tuple[int, Evaluation]]:
        found = super().wait(tick)
        self.slots = 1 if len(self.busy) < 3 else 6
        return found


def test_an_asynchronous_search_uses_the_slots_that_come_later(problem: Problem) -> None:
    executor = Growing(EVALUATOR, 0, slots=1)
    finished(problem, 15, asynchronous=True, batch_size=2, executor=executor)
    assert executor.busy == [1] * 3 + [6] * 7 + [5, 4, 3, 2, 1]


def test_an_asynchronous_search_asks_for_no_proposal_that_its_budget_does_not_pay(problem: Problem) -> None:
    asked: list[int] = []

    class Counting(RandomSearch):
        def propose(self, n: int, view: View, rng: np.random.Generator) -> list[Proposal]:
            asked.append(n)
            return super().propose(n, view, rng)

    finished(problem, 8, asynchronous=True, strategy=Counting(problem))
    assert asked == [1] * 8


def test_an_asynchronous_search_depends_on_the_order_of_results(problem: Problem) -> None:
    one, other = (
        finished(problem, 20, asynchronous=True, batch_size=3, executor=Shuffled(EVALUATOR, seed)) for seed in (0, 1)
    )
    assert one[:3] == other[:3]
    assert one != other


@pytest.mark.parametrize("at", range(0, 28, 3))
def test_a_resumed_asynchronous_search_makes_the_same_proposals_from_the_same_results(
    problem: Problem, at: int
) -> None:
    ledger = Ledger.in_memory(OBJECTIVES)
    with pytest.raises(KeyboardInterrupt):
        loop(problem, ledger, asynchronous=True, listener=Interrupting(at)).run(14)
    loop(problem, ledger, asynchronous=True).run(14)
    assert without_seconds(ledger.records) == finished(problem, 14, asynchronous=True)
