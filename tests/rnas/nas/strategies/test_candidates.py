"""Which genomes may be proposed."""

import numpy as np

from rnas.nas.strategies._candidates import fresh, genome_keys, sample_fresh, taken
from rnas.testing.strategy import LARGE, SMALL, toy_problem, toy_space, toy_view


def test_fresh_keeps_order_and_drops_repeats_and_what_is_excluded() -> None:
    problem = toy_problem(toy_space(SMALL))
    genomes = problem.space.sample(4, np.random.default_rng(0))
    doubled = genomes[[2, 0, 2, 1, 3, 0]]
    kept = fresh(problem, doubled, set(genome_keys(genomes[[1]])))
    assert (kept == genomes[[2, 0, 3]]).all()


def test_pending_genomes_are_taken() -> None:
    problem = toy_problem(toy_space(SMALL))
    view = toy_view(problem, 6, 4)
    assert taken(view) == set(genome_keys(np.concatenate([view.genomes, view.pending])))
    assert len(taken(view)) == 10


def test_sampling_finds_the_last_genomes_of_a_small_space() -> None:
    problem = toy_problem(toy_space(SMALL))
    everything = problem.space.enumeration
    assert everything is not None
    left = np.random.default_rng(0).choice(len(everything), size=7, replace=False)
    excluded = set(genome_keys(np.delete(everything, left, axis=0)))
    found = sample_fresh(problem, 20, excluded, np.random.default_rng(1))
    assert set(genome_keys(found)) == set(genome_keys(everything[left]))
    assert len(found) == 7


def test_sampling_none_gives_none() -> None:
    for name in (SMALL, LARGE):
        problem = toy_problem(toy_space(name))
        assert sample_fresh(problem, 0, set(), np.random.default_rng(0)).shape == (0, len(problem.space.variables))
