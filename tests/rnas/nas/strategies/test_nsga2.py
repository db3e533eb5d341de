"""NSGA-II on true evaluations: conformance, and better than random."""

from typing import Any

import numpy as np
import pytest

from rnas.errors import InputError
from rnas.nas.front import hypervolume, normalised
from rnas.nas.objective import minimised
from rnas.nas.strategies.nsga2 import NSGA2Strategy
from rnas.nas.strategies.random import RandomSearch
from rnas.nas.strategy import Problem, Strategy
from rnas.testing.strategy import LARGE, StrategyConformance, evaluated, toy_problem, toy_space, toy_view


class TestConformance(StrategyConformance):
    def make(self, problem: Problem) -> NSGA2Strategy:
        return NSGA2Strategy(problem)


def volume_reached(problem: Problem, strategy: Strategy, budget: int, seed: int) -> float:
    view = toy_view(problem, 0, 0)
    while len(view.genomes) < budget:
        proposals = strategy.propose(10, view, np.random.default_rng([seed, len(view.genomes)]))
        view = evaluated(problem, np.concatenate([view.genomes, [p.genome for p in proposals]]))
    points = minimised(view.metrics, problem.objectives)
    return hypervolume(normalised(points, problem.reference, problem.ideal), np.ones(2))


def test_it_beats_random_search() -> None:
    problem = toy_problem(toy_space(LARGE))
    evolved = [volume_reached(problem, NSGA2Strategy(problem), 100, seed) for seed in range(2)]
    drawn = [volume_reached(problem, RandomSearch(problem), 100, seed) for seed in range(2)]
    assert min(evolved) > max(drawn)


def test_children_come_from_the_survivors() -> None:
    problem = toy_problem(toy_space(LARGE))
    view = toy_view(problem, 60, 0)
    proposals = NSGA2Strategy(problem, population=8).propose(10, view, np.random.default_rng(0))
    children = np.array([p.genome for p in proposals])
    apart = (children[:, None] != view.genomes).sum(axis=2).min(axis=1)
    random = problem.space.uniform(10, np.random.default_rng(0))
    assert apart.mean() < (random[:, None] != view.genomes).sum(axis=2).min(axis=1).mean()


@pytest.mark.parametrize("population", [1, 2.5, True, "20"])
def test_impossible_populations_are_refused(population: Any) -> None:
    with pytest.raises(InputError, match="population"):
        NSGA2Strategy(toy_problem(toy_space(LARGE)), population=population)
