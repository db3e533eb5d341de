"""A crossed design: conformance, and that shares and params vary independently at equal FLOPs."""

import numpy as np
import pytest

from rnas._typing import Integers
from rnas.errors import InputError
from rnas.nas.strategies.crossed_design import CrossedDesign, most_informative, quadratic
from rnas.nas.strategies.random import RandomSearch
from rnas.nas.strategy import Problem, Strategy
from rnas.networks.residual import ResidualNetwork
from rnas.testing.strategy import LARGE, SMALL, StrategyConformance, evaluated, toy_problem, toy_space, toy_view

WIDE = {"depth": list(range(1, 7)), "width": list(range(1, 5))}
NARROW = {f"{name}{stage}": values for name, values in WIDE.items() for stage in (1, 2, 3)}


# Drawing networks of a large space inside a band takes most of its time.
@pytest.mark.slow
class TestConformance(StrategyConformance):
    def make(self, problem: Problem) -> CrossedDesign:
        return CrossedDesign(problem)


def designed(strategy: Strategy, problem: Problem, n: int) -> Integers:
    view = toy_view(problem, 0, 0)
    while len(view.genomes) < n:
        proposals = strategy.propose(10, view, np.random.default_rng([0, len(view.genomes)]))
        view = evaluated(problem, np.concatenate([view.genomes, [p.genome for p in proposals]]))
    return view.genomes


def share_that_is_not_explained(problem: Problem, genomes: Integers) -> float:
    """Of the variance of log params, by shares of depth and width and r_D: 1 less R squared."""
    networks = [problem.space.decode(genome) for genome in genomes]
    depths = np.array([n.depths for n in networks if isinstance(n, ResidualNetwork)], dtype=float)
    widths = np.array([n.channels for n in networks if isinstance(n, ResidualNetwork)]) / np.array([16, 32, 64])
    total, breadth = depths.sum(axis=1), widths.sum(axis=1)
    params = np.log(problem.known(genomes)["params"])
    ones = np.ones(len(params))
    shares = np.column_stack([ones, depths[:, :2] / total[:, None], widths[:, :2] / breadth[:, None], total / breadth])
    left = params - shares @ np.linalg.lstsq(shares, params, rcond=None)[0]
    return float(left.var() / params.var())


@pytest.mark.slow
def test_at_equal_flops_params_are_not_a_matter_of_shares() -> None:
    space = toy_space(LARGE, narrow={**NARROW, "topology": ["basic"]}, flops=["95M", "105M"])
    problem = toy_problem(space)
    crossed = designed(CrossedDesign(problem), problem, 60)
    drawn = designed(RandomSearch(problem), problem, 60)
    assert share_that_is_not_explained(problem, crossed) > share_that_is_not_explained(problem, drawn)
    spread = [np.log(problem.known(genomes)["params"]).std() for genomes in (crossed, drawn)]
    assert spread[0] > spread[1]


@pytest.mark.slow
def test_too_narrow_a_band_of_a_large_space_is_refused_with_what_to_widen() -> None:
    problem = toy_problem(toy_space(LARGE, narrow={"topology": ["basic"]}, flops=["1000M", "1000.02M"]))
    with pytest.raises(InputError, match=r"288 drafts .* gave \d+: widen space\.flops, or narrow less$"):
        CrossedDesign(problem)


def test_results_change_nothing() -> None:
    problem = toy_problem(toy_space(SMALL))
    strategy = CrossedDesign(problem)
    view, failed = toy_view(problem, 20, 3), toy_view(problem, 20, 3, failed=1.0)
    first, second = (strategy.propose(5, v, np.random.default_rng(3)) for v in (view, failed))
    assert [tuple(p.genome) for p in first] == [tuple(p.genome) for p in second]


def test_the_most_informative_are_the_ends_and_the_middle_of_a_parabola() -> None:
    terms = quadratic(np.linspace(-1, 1, 21)[:, None])
    chosen = most_informative(terms, terms[:0], 3)
    assert sorted(chosen) == [0, 10, 20]
    again = most_informative(terms, terms[[0, 20]], 1)
    assert again == [10]


def test_quadratic_terms() -> None:
    terms = quadratic(np.array([[2.0, 3.0]]))
    assert terms.tolist() == [[1, 2, 3, 4, 9, 6]]
