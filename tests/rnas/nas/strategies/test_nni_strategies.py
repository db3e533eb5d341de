"""NNI's strategies: conformance, faithful replays, and searches that may be interrupted."""

import dataclasses
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnas.errors import InputError
from rnas.nas._problem import problem_of
from rnas.nas.ledger import Ledger
from rnas.nas.nni import genome_of
from rnas.nas.nni._library import RegularizedEvolution
from rnas.nas.strategies.nni_strategies import NNIStrategy
from rnas.nas.strategy import Problem, View
from rnas.testing.strategy import (
    ACCURACY,
    FLOPS,
    SMALL,
    StrategyConformance,
    evaluated,
    toy_problem,
    toy_space,
    toy_view,
)
from rnas.utils import _sqlite as sqlite
from search_spaces.wide_resnet import DepthGrid
from tests.rnas.nas.nni.nas import ToyAccuracy, searched
from tests.rnas.nas.test_loop import EVALUATOR, OBJECTIVES, Interrupting, loop, without_seconds

SMALL_POPULATION = {"population_size": 12, "sample_size": 4}


class TestEvolutionConformance(StrategyConformance):
    def make(self, problem: Problem) -> NNIStrategy:
        return NNIStrategy(problem, options=SMALL_POPULATION)


@pytest.mark.slow
class TestRandomConformance(StrategyConformance):
    def make(self, problem: Problem) -> NNIStrategy:
        return NNIStrategy(problem, "random")


def search(problem: Problem, strategy: NNIStrategy, budget: int, batch: int, behind: int = 0, seed: int = 0) -> View:
    """A search in which a batch is proposed while the results of ``behind`` batches before are missing."""
    genomes = np.empty((0, len(problem.space.variables)), dtype=np.int64)
    states: tuple[Mapping[str, Any], ...] = ()
    while True:
        known = max(0, len(genomes) - behind * batch)
        view = dataclasses.replace(
            evaluated(problem, genomes[:known]), pending=genomes[known:], states=states, seed=seed
        )
        if len(genomes) >= budget:
            return view
        proposals = strategy.propose(batch, view, np.random.default_rng([seed, len(genomes)]))
        genomes = np.concatenate([genomes, [p.genome for p in proposals]])
        states += tuple(p.state for p in proposals)


def same_proposals(view: View, strategy: NNIStrategy) -> list[Any]:
    return [p.genome.tolist() for p in strategy.propose(5, view, np.random.default_rng(0))]


SPACE = toy_space(SMALL)


def test_one_by_one_it_is_what_nni_does_by_itself() -> None:
    models = searched(SPACE, RegularizedEvolution(seed=7, **SMALL_POPULATION), ToyAccuracy(SPACE), 80)
    asked = [tuple(genome_of(SPACE, model.sample)) for model in models]
    different = list(dict.fromkeys(asked))
    assert 40 < len(different) < len(asked)
    problem = toy_problem(SPACE, [ACCURACY])
    ours = search(problem, NNIStrategy(problem, options=SMALL_POPULATION), len(different), batch=1, seed=7)
    assert [tuple(genome) for genome in ours.genomes] == different


def test_a_replay_asks_for_what_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = toy_problem(SPACE, [ACCURACY])
    strategy = NNIStrategy(problem, options=SMALL_POPULATION)
    view = search(problem, strategy, 60, batch=4, behind=1)
    expected = same_proposals(view, strategy)
    # Exchanging a network needs a sample, which a faithful replay never does.
    monkeypatch.setattr("rnas.nas.nni._replay.sample_of", None)
    assert same_proposals(view, NNIStrategy(problem, options=SMALL_POPULATION)) == expected


def test_one_objective_is_maximised_as_it_is_said() -> None:
    for objectives, best in (([ACCURACY], 1), ([FLOPS], -1)):
        problem = toy_problem(SPACE, objectives)
        view = search(problem, NNIStrategy(problem, options=SMALL_POPULATION), 100, batch=5)
        column = best * view.metrics[objectives[0].metric]
        assert column[60:].mean() > column[:12].mean() + column[:12].std() / 2


@pytest.mark.parametrize("scalarization", ["crowded-comparison", "augmented-chebyshev"])
def test_several_objectives_are_one_score_of_all_results(scalarization: str) -> None:
    problem = toy_problem(SPACE)
    strategy = NNIStrategy(problem, "regularized-evolution", SMALL_POPULATION, scalarization)
    view = search(problem, strategy, 48, batch=4, behind=1)
    metrics = {**view.metrics, "accuracy": view.metrics["accuracy"][::-1]}
    assert same_proposals(view, strategy) == same_proposals(view, strategy)
    assert same_proposals(view, strategy) != same_proposals(dataclasses.replace(view, metrics=metrics), strategy)


def test_a_batch_larger_than_the_population_has_no_parents() -> None:
    problem = toy_problem(SPACE)
    strategy = NNIStrategy(problem, options={"population_size": 3, "sample_size": 2})
    view = search(problem, strategy, 20, batch=10, behind=1)
    everything_failed = dataclasses.replace(view, failed=np.ones_like(view.failed))
    assert len(same_proposals(everything_failed, strategy)) == 5


def test_a_grid_is_gone_through_to_its_end() -> None:
    space = toy_space(SMALL, narrow={"in-1": ["none"], "in-2": ["skip_connect"], "1-2": ["none"]})
    problem = toy_problem(space)
    strategy = NNIStrategy(problem, "grid-search", {"shuffle": False})
    everything = space.enumeration
    assert everything is not None
    view = search(problem, strategy, len(everything), batch=1)
    assert len(np.unique(view.genomes, axis=0)) == len(everything)
    assert strategy.propose(1, view, np.random.default_rng(0)) == []


def test_nothing_else_notices(capsys: pytest.CaptureFixture[str]) -> None:
    np.random.seed(0)  # noqa: NPY002
    random.seed(0)
    before = np.random.get_state()[1].tolist(), random.getstate()  # noqa: NPY002
    problem = toy_problem(SPACE)
    NNIStrategy(problem, options=SMALL_POPULATION).propose(3, toy_view(problem, 20, 2), np.random.default_rng(0))
    assert (np.random.get_state()[1].tolist(), random.getstate()) == before  # noqa: NPY002
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("at", [3, 17, 26])
def test_interrupted_and_resumed_from_disk_it_ends_as_if_it_had_not_been(tmp_path: Path, at: int) -> None:
    problem = problem_of(DepthGrid(DepthGrid.Settings(), (3, 32, 32), 10), EVALUATOR, OBJECTIVES)

    def strategy() -> NNIStrategy:
        return NNIStrategy(problem, options={"population_size": 6, "sample_size": 3})

    whole = Ledger.in_memory(OBJECTIVES)
    loop(problem, whole, strategy=strategy()).run(18)
    with sqlite.created(tmp_path / "ledger.db") as storage, pytest.raises(KeyboardInterrupt):
        loop(problem, Ledger(storage, OBJECTIVES), strategy=strategy(), listener=Interrupting(at)).run(18)
    with sqlite.opened(tmp_path / "ledger.db") as storage:
        ledger = Ledger(storage, OBJECTIVES)
        loop(problem, ledger, strategy=strategy()).run(18)
        assert without_seconds(ledger.records) == without_seconds(whole.records)
        assert [record.state for record in ledger.records] == [record.state for record in whole.records]
    assert whole.records[-1].state["told"] == whole.records[-1].num_observed


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"strategy": "annealing"}, "unknown strategy 'annealing'; known: grid-search, random, regularized-evolution"),
        ({"scalarization": "sum"}, "unknown scalarization 'sum'"),
        ({"options": {"populaton_size": 3}}, "has no option 'populaton_size'; it has population_size"),
        ({"options": {"seed": 3}}, "has no option 'seed'"),
        ({"options": {"population_size": "3"}}, "population_size is '3'; give a value such as 100"),
        ({"options": {"crossover": 1}}, "crossover is 1; give a value such as False"),
        ({"options": {"population_size": 3}}, "sample_size must be smaller"),
        ({"options": 3}, "options is 3"),
    ],
)
def test_bad_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        NNIStrategy(toy_problem(SPACE), **options)
