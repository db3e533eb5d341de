"""Local search: conformance, neighbours of the front, and better than random."""

from typing import Any

import numpy as np
import pytest

from rnas.errors import InputError
from rnas.nas.front import non_dominated
from rnas.nas.objective import minimised
from rnas.nas.strategies.local_search import LocalSearch
from rnas.nas.strategies.random import RandomSearch
from rnas.nas.strategy import Problem
from rnas.testing.strategy import LARGE, SMALL, StrategyConformance, evaluated, toy_problem, toy_space, toy_view
from tests.rnas.nas.strategies.test_nsga2 import volume_reached


class TestConformance(StrategyConformance):
    def make(self, problem: Problem) -> LocalSearch:
        return LocalSearch(problem)


def test_it_beats_random_search() -> None:
    problem = toy_problem(toy_space(LARGE))
    climbed = [volume_reached(problem, LocalSearch(problem), 100, seed) for seed in range(2)]
    drawn = [volume_reached(problem, RandomSearch(problem), 100, seed) for seed in range(2)]
    assert min(climbed) > max(drawn)


def test_a_batch_differs_from_the_front_in_one_choice() -> None:
    problem = toy_problem(toy_space(LARGE))
    view = toy_view(problem, 40, 0)
    front = view.genomes[non_dominated(minimised(view.metrics, problem.objectives))]
    proposals = LocalSearch(problem).propose(10, view, np.random.default_rng(0))
    for proposal in proposals:
        # A canonical genome may differ in variables that this choice makes inactive.
        active = np.array([problem.space.active(genome) & problem.space.active(proposal.genome) for genome in front])
        assert ((front != proposal.genome) & active).sum(axis=1).min() <= 1


def test_a_front_without_new_neighbours_is_followed_by_the_next() -> None:
    problem = toy_problem(toy_space(SMALL, narrow={"in-1": ["none"], "in-2": ["none"], "1-2": ["none"]}))
    view = toy_view(problem, 0, 0)
    strategy = LocalSearch(problem, initial=1)
    everything = problem.space.enumeration
    assert everything is not None
    while len(view.genomes) < len(everything):
        proposals = strategy.propose(2, view, np.random.default_rng(len(view.genomes)))
        assert proposals
        view = evaluated(problem, np.concatenate([view.genomes, [p.genome for p in proposals]]))


@pytest.mark.parametrize("initial", [0, 2.5, True])
def test_impossible_options_are_refused(initial: Any) -> None:
    with pytest.raises(InputError, match="strategy local-search: initial"):
        LocalSearch(toy_problem(toy_space(SMALL)), initial=initial)
