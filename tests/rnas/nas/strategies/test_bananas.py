"""BANANAS: conformance, the encoding of paths, and what an ensemble is worth."""

from typing import Any

import numpy as np
import pytest

from rnas.errors import InputError
from rnas.nas.strategies._neural_ensemble import NeuralEnsemble
from rnas.nas.strategies.bananas import Bananas, encoded, path_encoding
from rnas.nas.strategies.random import RandomSearch
from rnas.nas.strategy import Problem
from rnas.networks.nas_bench_201 import OPERATIONS
from rnas.testing.strategy import ACCURACY, LARGE, SMALL, StrategyConformance, toy_problem, toy_space, toy_view
from tests.rnas.nas.strategies.test_nsga2 import volume_reached


class TestConformance(StrategyConformance):
    before = 12

    def make(self, problem: Problem) -> Bananas:
        return Bananas(problem, ensemble=2, candidates=20)


def test_it_beats_random_search() -> None:
    problem = toy_problem(toy_space(SMALL))
    found = volume_reached(problem, Bananas(problem), 60, seed=0)
    assert found > max(volume_reached(problem, RandomSearch(problem), 60, seed) for seed in range(2))


def test_paths_are_those_of_a_cell() -> None:
    skip, conv = OPERATIONS.index("skip_connect"), OPERATIONS.index("nor_conv_3x3")
    # In the order of the edges: in-1, in-2, 1-2, in-out, 1-out, 2-out.
    [paths] = path_encoding(np.array([[conv, skip, skip, conv, skip, conv]]))
    one, two = conv, {5 + 5 * conv + skip, 5 + 5 * skip + conv}
    three = 30 + 25 * conv + 5 * skip + conv
    assert set(np.flatnonzero(paths)) == {one, *two, three}
    assert len(paths) == 155


def test_other_networks_are_encoded_by_their_features() -> None:
    space = toy_space(LARGE)
    genomes = space.uniform(3, np.random.default_rng(0))
    assert (encoded(space, genomes) == space.features(genomes)).all()
    assert encoded(toy_space(SMALL), np.zeros((2, 6), dtype=np.int64)).shape == (2, 155)


def test_an_ensemble_learns_and_disagrees_where_it_knows_nothing() -> None:
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(60, 8))
    target = 1e3 * (inputs[:, 0] > 0) + 5e3
    ensemble = NeuralEnsemble(4, np.random.default_rng(1)).fit(inputs[:40], target[:40])
    predicted = ensemble.predict(inputs)
    assert predicted.shape == (4, 60)
    assert np.abs(predicted.mean(axis=0) - target)[40:].mean() < 0.6 * np.abs(target - target.mean()).mean()
    assert ensemble.predict(8 * inputs).std(axis=0).mean() > predicted[:, :40].std(axis=0).mean()


def test_candidates_are_mutations_of_the_front_with_predictions() -> None:
    problem = toy_problem(toy_space(LARGE))
    view = toy_view(problem, 30, 0)
    proposals = Bananas(problem, ensemble=2, candidates=30).propose(6, view, np.random.default_rng(0))
    apart = [(view.genomes != proposal.genome).sum(axis=1).min() for proposal in proposals]
    random = problem.space.uniform(6, np.random.default_rng(0))
    assert np.mean(apart) < (random[:, None] != view.genomes).sum(axis=2).min(axis=1).mean()
    assert all(set(proposal.predictions) == {ACCURACY.metric} for proposal in proposals)


@pytest.mark.parametrize("options", [{"initial": 0}, {"ensemble": 1}, {"candidates": 2.5}])
def test_impossible_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=f"strategy bananas: {next(iter(options))}"):
        Bananas(toy_problem(toy_space(SMALL)), **options)
