"""Views are cut out of columns that grow with the ledger; they hold what its records say."""

from typing import Any

import numpy as np
import pytest

from rnas._typing import Integers
from rnas.nas._problem import problem_of
from rnas.nas._views import Views
from rnas.nas.evaluators.evaluator import Evaluation, Status
from rnas.nas.ledger import Ledger, Record
from rnas.nas.strategies._candidates import genome_keys
from rnas.nas.strategy import Problem, Results, View
from rnas.networks import architecture as arch
from search_spaces.wide_resnet import DepthGrid
from tests.rnas.nas.test_loop import EVALUATOR, OBJECTIVES

RUNGS = 2


@pytest.fixture(scope="module")
def problem() -> Problem:
    return problem_of(DepthGrid(DepthGrid.Settings(), (3, 32, 32), 10), EVALUATOR, OBJECTIVES)


def _grow(ledger: Ledger, problem: Problem, rng: np.random.Generator, states: bool) -> None:
    """Write a proposal, or the result of any that is open."""
    waiting = [record.number for record in ledger.records if record.evaluation is None]
    if waiting and rng.random() < 0.5:
        number = int(rng.choice(waiting))
        metrics = {"score": rng.random(), "flops": 3.0}
        if rng.random() < 0.3:
            metrics = {"seconds": rng.random(), **metrics, "loss": rng.random()}
        failed = rng.random() < 0.2
        ledger.record(number, Evaluation(Status.FAILED, reason="x") if failed else Evaluation(Status.COMPLETE, metrics))
        return
    space, number = problem.space, len(ledger)
    architecture = space.decode(space.uniform(1, rng)[0])
    ledger.propose(
        Record(
            number=number,
            key=arch.key(architecture),
            architecture=architecture,
            seed=0,
            fidelity={},
            batch=number // 3,
            num_observed=0,
            parameters=space.parameters(architecture),
            state={"told": number} if states and number % 4 == 0 else {},
            rung=int(rng.random() < 0.3),
        ),
        space.all_variables,
    )


def _results(records: list[Record], problem: Problem) -> tuple[Any, ...]:
    """Return what the records say, one by one."""
    names = dict.fromkeys(["score", "flops"]) | dict.fromkeys(name for record in records for name in record.metrics)
    columns = {name: [record.metrics.get(name, float("nan")) for record in records] for name in names}
    return _genomes(records, problem), columns, [not record.complete for record in records]


def _genomes(records: list[Record], problem: Problem) -> list[list[int]]:
    return [problem.space.encode(record.architecture).tolist() for record in records]


def _listed(results: Results) -> tuple[Any, ...]:
    columns = {name: column.tolist() for name, column in results.metrics.items()}
    assert results.genomes.dtype == np.int64
    assert results.failed.dtype == bool
    return results.genomes.tolist(), columns, results.failed.tolist()


def _check(view: View, seen: list[Record], pending: list[Record], problem: Problem) -> None:
    observed, waiting = ([record for record in part if record.rung == 0] for part in (seen, pending))
    assert repr(_listed(view)) == repr(_results(observed, problem))
    assert view.pending.tolist() == _genomes(waiting, problem)
    assert view.pending.shape == (len(waiting), len(problem.space.variables))
    assert view.numbers == tuple(record.number for record in (*observed, *waiting))
    states = tuple(record.state for record in (*observed, *waiting))
    assert view.states == (states if any(states) else ())
    above = [record for record in seen if record.rung == 1]
    assert repr(_listed(view.promoted[0])) == repr(_results(above, problem))
    if view.tried is not None:
        assert view.tried == {*genome_keys(view.genomes), *genome_keys(view.pending)}


@pytest.mark.parametrize("states", [False, True])
def test_a_view_holds_what_the_records_say_however_the_ledger_grew(problem: Problem, states: bool) -> None:
    rng = np.random.default_rng(0)
    ledger = Ledger.in_memory(OBJECTIVES, rungs=RUNGS)
    views = Views(ledger, problem, RUNGS)
    first: tuple[View, list[Record], list[Record]] | None = None
    for step in range(700):
        _grow(ledger, problem, rng, states)
        if step % 25:
            continue
        views.refresh()
        records = ledger.records
        seen = [record for record in records if record.evaluation is not None]
        pending = [record for record in records if record.evaluation is None]
        view = views.view(*views.split(), 5, 0.5)
        assert (len(views), views.num_open, view.seed, view.promote) == (len(records), len(pending), 5, 0.5)
        assert view.tried is not None
        assert views.counts == [sum(record.rung == rung for record in records) for rung in range(RUNGS)]
        assert views.first_open_batch == min((record.batch for record in pending), default=float("inf"))
        _check(view, seen, pending, problem)
        batch = len(records) // 6
        rows: list[Integers] = [np.arange(views.before_batch(b)) for b in (batch - 1, batch)]
        earlier = [record for record in records if record.batch < batch]
        known = [record for record in earlier if record.batch < batch - 1]
        _check(views.view(rows[0], rows[1][len(rows[0]) :], 5, None), known, earlier[len(known) :], problem)
        if step == 300:
            first = view, seen, pending
    # Whoever holds a view sees nothing of what came later, and can change nothing.
    assert first is not None
    _check(*first, problem)
    first[0].genomes[:] = 0
    first[0].failed[:] = True
    again = Views(ledger, problem, RUNGS)
    again.refresh()
    views.refresh()
    assert repr(_listed(again.view(*again.split(), 0, None))) == repr(_listed(views.view(*views.split(), 0, None)))
