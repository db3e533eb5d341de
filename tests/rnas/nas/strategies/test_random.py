"""Random search: conformance, and spread over the cost."""

import numpy as np

from rnas.nas.strategies.random import RandomSearch
from rnas.nas.strategy import Problem
from rnas.testing.strategy import LARGE, SMALL, StrategyConformance, toy_problem, toy_space, toy_view


class TestConformance(StrategyConformance):
    def make(self, problem: Problem) -> RandomSearch:
        return RandomSearch(problem)


def test_a_batch_is_spread_over_log_flops() -> None:
    for name in (SMALL, LARGE):
        problem = toy_problem(toy_space(name))
        proposals = RandomSearch(problem).propose(10, toy_view(problem, 0, 0), np.random.default_rng(0))
        flops = np.log(problem.known(np.stack([p.genome for p in proposals]))["flops"])
        low, high = np.log(problem.space.flops_range)
        assert len(set(((flops - low) / (high - low) * 9.999).astype(int))) >= 7


def test_it_learns_nothing() -> None:
    problem = toy_problem(toy_space(SMALL))
    view = toy_view(problem, 20, 0)
    failed = toy_view(problem, 20, 0, failed=1.0)
    first, second = (RandomSearch(problem).propose(5, v, np.random.default_rng(3)) for v in (view, failed))
    assert [tuple(p.genome) for p in first] == [tuple(p.genome) for p in second]
