"""Operators of NSGA-II on genomes."""

import numpy as np
import pytest
from pymoo.core.evaluator import Evaluator
from pymoo.core.population import Population
from pymoo.operators.survival.rank_and_crowding import RankAndCrowding
from pymoo.problems.static import StaticProblem

from rnas.nas.front import non_dominated
from rnas.nas.objective import minimised
from rnas.nas.strategies._candidates import genome_keys
from rnas.nas.strategies._evolution import genome_problem, offspring, survivors
from rnas.testing.strategy import LARGE, SMALL, toy_problem, toy_space, toy_view


def test_survivors_are_the_best_by_rank() -> None:
    problem = toy_problem(toy_space(SMALL))
    view = toy_view(problem, 60, 0)
    points = minimised(view.metrics, problem.objectives)
    front = non_dominated(points)
    population = survivors(problem.space, view.genomes, points, 30, np.random.default_rng(0))
    assert len(population) == 30
    kept = set(genome_keys(population.get("X")))
    assert len(front) < 30
    assert set(genome_keys(view.genomes[front])) <= kept


@pytest.mark.parametrize("size", [5, 30, 200])
def test_survivors_are_those_of_all_genomes_at_once(size: int) -> None:
    problem = toy_problem(toy_space(SMALL))
    view = toy_view(problem, 60, 1)
    # Several genomes have the same results, as on a table with few images.
    points = np.round(minimised(view.metrics, problem.objectives) / [0.1, 1e7])
    everything = Population.new("X", view.genomes)
    genomes = genome_problem(problem.space, 2)
    Evaluator().eval(StaticProblem(genomes, F=points), everything)
    expected = RankAndCrowding().do(genomes, everything, n_survive=size, random_state=np.random.default_rng(4))
    found = survivors(problem.space, view.genomes, points, size, np.random.default_rng(4))
    for name in ("X", "F", "rank", "crowding"):
        assert (found.get(name) == expected.get(name)).all()


def test_offspring_are_new_canonical_and_inside_the_bands() -> None:
    problem = toy_problem(toy_space(LARGE, flops=["150M", "250M"]))
    view = toy_view(problem, 30, 0)
    points = minimised(view.metrics, problem.objectives)
    parents = survivors(problem.space, view.genomes, points, 20, np.random.default_rng(0))
    excluded = set(genome_keys(view.genomes))
    children = offspring(problem.space, parents, 25, excluded, np.random.default_rng(1))
    assert children.shape == (25, len(problem.space.variables))
    assert not excluded & set(genome_keys(children))
    assert len(set(genome_keys(children))) == 25
    assert (problem.space.repair(children, np.random.default_rng(2)) == children).all()
    again = offspring(problem.space, parents, 25, excluded, np.random.default_rng(1))
    assert (again == children).all()


def test_every_variable_can_change() -> None:
    problem = toy_problem(toy_space(LARGE))
    view = toy_view(problem, 2, 0)
    points = minimised(view.metrics, problem.objectives)
    parents = survivors(problem.space, np.repeat(view.genomes[:1], 2, axis=0), points, 2, np.random.default_rng(0))
    children = offspring(problem.space, parents, 300, set(genome_keys(view.genomes)), np.random.default_rng(1))
    active = problem.space.active(view.genomes[0])
    changed = (children != view.genomes[0]).any(axis=0)
    several = problem.space.sizes > 1
    assert changed[active & several].mean() > 0.9
