"""The search on the surrogate."""

import numpy as np

from rnas._typing import Floats, Integers
from rnas.nas.front import hypervolume, normalised
from rnas.nas.objective import minimised
from rnas.nas.strategies._candidates import genome_keys
from rnas.nas.strategies._inner_search import candidates
from rnas.nas.strategy import Problem
from rnas.testing.strategy import LARGE, SMALL, evaluated, toy_problem, toy_space, toy_view


def true_points(problem: Problem, genomes: Integers) -> Floats:
    return minimised(evaluated(problem, genomes).metrics, problem.objectives)


def found(problem: Problem, start: Integers, excluded: set[bytes], seed: int = 0) -> Integers:
    return candidates(
        problem,
        lambda genomes: true_points(problem, genomes),
        start,
        excluded,
        np.random.default_rng(seed),
        population=40,
        generations=10,
    )


def test_a_small_space_is_searched_exhaustively() -> None:
    problem = toy_problem(toy_space(SMALL))
    everything = problem.space.enumeration
    assert everything is not None
    excluded = set(genome_keys(everything[:100]))
    assert (found(problem, everything[:0], excluded) == everything[100:]).all()


def test_a_large_space_is_searched_better_than_at_random() -> None:
    problem = toy_problem(toy_space(LARGE, flops=["100M", "400M"]))
    view = toy_view(problem, 10, 0)
    genomes = found(problem, view.genomes, set(genome_keys(view.genomes)))
    assert not set(genome_keys(genomes)) & set(genome_keys(view.genomes))
    assert (problem.space.repair(genomes, np.random.default_rng(0)) == genomes).all()
    random = problem.space.sample(len(genomes), np.random.default_rng(0))
    searched, drawn = (
        hypervolume(normalised(true_points(problem, g), problem.reference, problem.ideal), np.ones(2))
        for g in (genomes, random)
    )
    assert searched > drawn


def test_it_is_a_function_of_its_generator() -> None:
    problem = toy_problem(toy_space(LARGE))
    start = toy_view(problem, 5, 0).genomes
    first, second, other = (found(problem, start, set(), seed) for seed in (0, 0, 1))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)
