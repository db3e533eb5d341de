"""NSGANetV2's search: conformance, its subset selection, and better than random."""

from typing import Any

import numpy as np
import pytest

from rnas.errors import InputError
from rnas.nas.strategies.nsganetv2 import NSGANetV2, fill_gaps
from rnas.nas.strategies.random import RandomSearch
from rnas.nas.strategy import Problem
from rnas.testing.strategy import ACCURACY, SMALL, StrategyConformance, toy_problem, toy_space, toy_view
from tests.rnas.nas.strategies.test_nsga2 import volume_reached


class TestConformance(StrategyConformance):
    before = 15

    def make(self, problem: Problem) -> NSGANetV2:
        return NSGANetV2(problem, initial=6, population=10, generations=3, predictors=["gaussian-process"])


def test_it_beats_random_search() -> None:
    problem = toy_problem(toy_space(SMALL))
    found = volume_reached(problem, NSGANetV2(problem, initial=20), 40, seed=0)
    assert found > max(volume_reached(problem, RandomSearch(problem), 40, seed) for seed in range(2))


def test_gaps_along_the_cost_are_filled() -> None:
    front = np.array([0.0, 4.0, 10.0])
    assert fill_gaps(np.array([3.9, 7.0, 0.1, 2.0]), front, 2) == [1, 3]
    assert sorted(fill_gaps(np.array([1.0, 2.0]), front, 5)) == [0, 1]
    assert fill_gaps(np.array([]), front, 3) == []


def test_proposals_are_predicted_best_and_spread_over_the_cost() -> None:
    problem = toy_problem(toy_space(SMALL))
    view = toy_view(problem, 40, 0)
    proposals = NSGANetV2(problem, initial=20).propose(8, view, np.random.default_rng(0))
    assert all(set(proposal.predictions) == {ACCURACY.metric} for proposal in proposals)
    costs = np.sort(problem.known(np.array([proposal.genome for proposal in proposals]))["flops"])
    low, high = problem.space.flops_range
    assert costs[-1] - costs[0] > (high - low) / 3


@pytest.mark.parametrize(
    "options",
    [{"initial": 0}, {"population": 3}, {"generations": 0}, {"predictors": []}, {"predictors": "radial-basis"}],
)
def test_impossible_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=f"strategy nsganetv2: {next(iter(options))}"):
        NSGANetV2(toy_problem(toy_space(SMALL)), **options)
