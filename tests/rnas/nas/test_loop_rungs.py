"""The loop with several rungs."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest
from optuna.trial import TrialState

from rnas.experiment import Listener
from rnas.nas._loop import Loop, spent
from rnas.nas._problem import problem_of
from rnas.nas.evaluators.evaluator import Context, Evaluation, Rung, Status, Task
from rnas.nas.execution.executor import Limits
from rnas.nas.execution.in_process import InProcess
from rnas.nas.ledger import Ledger, Record
from rnas.nas.objective import minimised
from rnas.nas.strategies.nsga2 import NSGA2Strategy
from rnas.nas.strategies.random import RandomSearch
from rnas.nas.strategy import Problem, Proposal, View
from search_spaces.wide_resnet import DepthGrid
from tests.evaluators import Scripted
from tests.rnas.nas.test_loop import OBJECTIVES, Interrupting, Shuffled

RUNGS = (Rung({"epochs": 1}, 0.1), Rung({"epochs": 3}, 0.3), Rung({"epochs": 10}, 1.0))


@dataclass(frozen=True)
class Longer(Scripted):
    """The longer the training the better, and a network whose first depth is listed diverges at an epoch."""

    diverging: tuple[tuple[int, int], ...] = ()
    rungs: ClassVar[tuple[Rung, ...]] = RUNGS

    def evaluate(self, task: Task, context: Context) -> Evaluation:
        epochs = task.fidelity["epochs"]
        if (task.architecture.depths[0], epochs) in self.diverging:
            return Evaluation(Status.DIVERGED, reason="the loss is not finite")
        noise = np.random.default_rng([*task.architecture.depths, epochs]).normal() / epochs
        return Evaluation(Status.COMPLETE, {"score": math.log(sum(task.architecture.depths)) + noise})


@pytest.fixture(scope="module")
def problem() -> Problem:
    return problem_of(DepthGrid(DepthGrid.Settings(), (3, 32, 32), 10), Longer({}), OBJECTIVES)


def loop(problem: Problem, ledger: Ledger, **changes: Any) -> Loop:
    settings: dict[str, Any] = {
        "problem": problem,
        "strategy": NSGA2Strategy(problem, population=8),
        "ledger": ledger,
        "executor": InProcess(Longer({}), "cpu", Limits()),
        "seed": 3,
        "batch_size": 6,
        "lookahead": 1,
        "rungs": RUNGS,
    }
    return Loop(**{**settings, **changes})


def searched(problem: Problem, budget: float, **changes: Any) -> tuple[Record, ...]:
    ledger = Ledger.in_memory(OBJECTIVES, len(RUNGS))
    loop(problem, ledger, **changes).run(budget)
    return told(ledger.records)


def told(records: tuple[Record, ...]) -> list[Any]:
    return [(r.number, r.key, r.fidelity, r.rung, r.batch, r.num_observed, r.status, r.metrics) for r in records]


def test_half_of_each_cohort_goes_on_and_the_budget_counts_the_highest_rung(problem: Problem) -> None:
    ledger = Ledger.in_memory(OBJECTIVES, len(RUNGS))
    loop(problem, ledger).run(12)
    sizes: dict[int, int] = {}
    for record in ledger.records:
        sizes[record.batch] = sizes.get(record.batch, 0) + 1
        assert record.fidelity == RUNGS[record.rung].fidelity
    assert list(sizes.values())[:9] == [6, 6, 3, 6, 3, 2, 6, 3, 2]
    assert 11 < spent(ledger.records, RUNGS) <= 12
    assert sum((0.1, 0.3, 1.0)[r.rung] for r in ledger.records) == (pytest.approx(spent(ledger.records, RUNGS)))


def test_the_best_of_a_cohort_among_all_at_its_rung_are_promoted(problem: Problem) -> None:
    ledger = Ledger.in_memory(OBJECTIVES, len(RUNGS))
    loop(problem, ledger).run(4)
    screened = [record for record in ledger.records if record.batch in (0,)]
    ahead = [record for record in ledger.records if record.batch == 2]
    assert {record.key for record in ahead} < {record.key for record in screened}
    points = minimised({o.metric: np.array([r.metrics[o.metric] for r in screened]) for o in OBJECTIVES}, OBJECTIVES)
    chosen = [record.key in {r.key for r in ahead} for record in screened]
    for point in points[~np.array(chosen)]:
        # No one left behind beats one that went on.
        assert not any((point < other).all() for other in points[chosen])


def test_lower_rungs_are_pruned_trials_without_a_value(problem: Problem) -> None:
    ledger = Ledger.in_memory(OBJECTIVES, len(RUNGS))
    loop(problem, ledger).run(4)
    trials = ledger._storage.get_all_trials(ledger._study_id)
    for record, trial in zip(ledger.records, trials, strict=True):
        assert trial.state is (TrialState.PRUNED if record.rung < 2 else TrialState.COMPLETE)
        assert (trial.values is None) == (record.rung < 2)
        assert record.metrics["score"]


def test_strategies_see_the_lowest_rung_and_beside_it_the_others(problem: Problem) -> None:
    views: list[View] = []

    class Watching(RandomSearch):
        def propose(self, n: int, view: View, rng: np.random.Generator) -> list[Proposal]:
            views.append(view)
            return super().propose(n, view, rng)

    searched(problem, 8, strategy=Watching(problem))
    last = views[-1]
    assert len(last.promoted) == 2
    keys = [{tuple(genome) for genome in results.genomes} for results in (last, *last.promoted)]
    assert keys[2] < keys[1] < keys[0]
    assert len(keys[0]) == len(last.genomes)
    assert not keys[0] & {tuple(genome) for genome in last.pending}
    assert views[0].promoted[0].genomes.shape == (0, 3)
    assert all(view.promote is None for view in views)
    assert all(list(view.numbers) == sorted(view.numbers) for view in views)
    searched(problem, 4, strategy=Watching(problem), asynchronous=True, executor=Shuffled(Longer({}), 0))
    assert views[-1].promote == 0.5
    assert any(list(view.numbers) != sorted(view.numbers) for view in views)


def test_failures_are_never_promoted(problem: Problem) -> None:
    broken = Longer({}, diverging=tuple((depth, 1) for depth in (2, 3, 4, 5)))
    records = searched(problem, 10, executor=InProcess(broken, "cpu", Limits()))
    diverged = {key for _, key, _, rung, *_, status, _ in records if status == "diverged"}
    assert diverged
    assert not diverged & {key for _, key, _, rung, *_ in records if rung > 0}


def test_where_everything_fails_new_cohorts_start_until_the_budget_is_spent(problem: Problem) -> None:
    broken = Longer({}, diverging=tuple((depth, 1) for depth in range(20)))
    records = searched(problem, 3, executor=InProcess(broken, "cpu", Limits()))
    # A promotion that nobody has earned still ends the search where it could not be paid.
    assert 2 < 0.1 * len(records) <= 3
    assert {rung for _, _, _, rung, *_ in records} == {0}


def test_an_exhausted_space_is_promoted_to_the_end() -> None:
    space = DepthGrid(
        DepthGrid.Settings(narrow={"depth1": [2, 3], "depth2": [2, 3], "depth3": [2, 3]}), (3, 32, 32), 10
    )
    problem = problem_of(space, Longer({}), OBJECTIVES)
    ledger = Ledger.in_memory(OBJECTIVES, len(RUNGS))
    loop(problem, ledger).run(100)
    counts = [sum(record.rung == rung for record in ledger.records) for rung in range(3)]
    assert counts == [8, 4, 3]
    before = told(ledger.records)
    loop(problem, ledger).run(100)
    assert told(ledger.records) == before


@pytest.mark.parametrize("seed", range(3))
def test_the_order_in_which_evaluations_end_changes_nothing(problem: Problem, seed: int) -> None:
    assert searched(problem, 9, executor=Shuffled(Longer({}), seed)) == searched(problem, 9)


@pytest.mark.parametrize("first", [0.4, 1, 1.5, 3, 5])
def test_an_extended_search_is_the_longer_one(problem: Problem, first: float) -> None:
    ledger = Ledger.in_memory(OBJECTIVES, len(RUNGS))
    loop(problem, ledger).run(first)
    loop(problem, ledger).run(8)
    assert told(ledger.records) == searched(problem, 8)


def test_interrupted_anywhere_and_resumed_it_ends_as_if_it_had_not_been(problem: Problem) -> None:
    whole = searched(problem, 5)
    for at in range(0, 2 * len(whole), 3):
        ledger = Ledger.in_memory(OBJECTIVES, len(RUNGS))
        with pytest.raises(KeyboardInterrupt):
            loop(problem, ledger, listener=Interrupting(at)).run(5)
        loop(problem, ledger, listener=Listener()).run(5)
        assert told(ledger.records) == whole


def test_one_rung_is_as_before(problem: Problem) -> None:
    records = searched(problem, 9, rungs=(Rung({"epochs": 3}),))
    assert [rung for _, _, _, rung, *_ in records] == [0] * 9


class _Order(Listener):
    """Checks each promotion by what was known when it was made."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.promotions = 0

    def proposed(self, record: Record) -> None:
        if record.rung == 0:
            return
        self.promotions += 1
        below = [one for one in self._ledger.records if one.rung == record.rung - 1 and one.complete]
        points = minimised(
            {name: np.array([one.metrics[name] for one in below]) for name in ("score", "flops")}, OBJECTIVES
        )
        [own] = [row for row, one in enumerate(below) if one.key == record.key]
        beaten_by = (points <= points[own]).all(axis=1) & (points < points[own]).any(axis=1)
        assert beaten_by.sum() < len(below) / 2


@pytest.mark.parametrize("seed", range(2))
def test_an_asynchronous_search_promotes_each_network_once_and_as_soon_as_it_is_in_the_better_half(
    problem: Problem, seed: int
) -> None:
    ledger = Ledger.in_memory(OBJECTIVES, len(RUNGS))
    order = _Order(ledger)
    loop(problem, ledger, asynchronous=True, batch_size=4, executor=Shuffled(Longer({}), seed), listener=order).run(12)
    assert spent(ledger.records, RUNGS) == pytest.approx(12, abs=1)
    assert order.promotions > 10
    assert len({(record.key, record.rung) for record in ledger.records}) == len(ledger)
    counts = [sum(record.rung == rung for record in ledger.records) for rung in range(3)]
    assert counts[0] / 2 - 3 <= counts[1] <= counts[0] / 2
    assert counts[1] / 2 - 3 <= counts[2] <= counts[1] / 2
