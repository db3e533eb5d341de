"""Which genomes may be proposed."""

import numpy as np

from rnas.nas.strategies._candidates import fresh, genome_keys, neighbours, sample_fresh, taken
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


def test_neighbours_differ_in_one_choice_and_by_one_step() -> None:
    space = toy_space("wide-resnet-depths")
    low, middle = np.zeros((1, 3), dtype=np.int64), np.full((1, 3), 3)
    assert sorted(neighbours(space, low).sum(axis=1)) == [1, 1, 1]
    assert sorted(neighbours(space, middle).sum(axis=1)) == [8, 8, 8, 10, 10, 10]
    cells = toy_space(SMALL)
    [cell] = cells.uniform(1, np.random.default_rng(0))
    moved = cell.copy()[None].repeat(4, axis=0)
    moved[:, 3] = [choice for choice in range(5) if choice != cell[3]]
    found = {tuple(genome) for genome in neighbours(cells, cell[None])}
    assert found >= {tuple(genome) for genome in cells.canonical(moved)}
    assert len(found) <= 24
