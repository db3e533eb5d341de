"""The initial design fills strata of log FLOPs, whatever the batches."""

import numpy as np
import pytest

from rnas.optimization.initial_design import initial_design
from rnas.testing.strategy import LARGE, SMALL, toy_problem, toy_space


@pytest.mark.parametrize(("name", "batch"), [(SMALL, 1), (SMALL, 6), (LARGE, 4)])
def test_every_stratum_gets_one(name: str, batch: int) -> None:
    problem = toy_problem(toy_space(name))
    genomes = np.empty((0, len(problem.space.variables)), dtype=np.int64)
    while len(genomes) < 12:
        rng = np.random.default_rng([0, len(genomes)])
        genomes = np.concatenate([genomes, initial_design(problem, batch, 12, genomes, rng)])
    assert len(np.unique(genomes, axis=0)) == 12
    low, high = np.log(problem.space.flops_range)
    place = (np.log(problem.known(genomes)["flops"]) - low) / (high - low)
    reachable = {int(p * 11.999) for p in stratum_places(name)}
    assert len({int(p * 11.999) for p in place}) >= len(reachable) - 1
    assert place.min() < 0.08
    assert place.max() > 0.92


def stratum_places(name: str) -> list[float]:
    """Places in [0, 1] over log FLOPs of many genomes."""
    problem = toy_problem(toy_space(name))
    low, high = np.log(problem.space.flops_range)
    flops = problem.known(problem.space.sample(400, np.random.default_rng(9)))["flops"]
    return list((np.log(flops) - low) / (high - low))


def test_a_space_with_fewer_genomes_gives_them_all() -> None:
    narrow = {name: ["none"] for name in ("in-1", "in-2", "1-2", "in-out")}
    problem = toy_problem(toy_space(SMALL, narrow=narrow))
    everything = problem.space.enumeration
    assert everything is not None
    nothing = everything[:0]
    assert len(initial_design(problem, 50, 12, nothing, np.random.default_rng(0))) == len(everything)
    assert len(initial_design(problem, 5, 12, everything, np.random.default_rng(0))) == 0


def test_one_cost_is_one_stratum() -> None:
    problem = toy_problem(
        toy_space(
            SMALL, narrow={v: ["none", "skip_connect"] for v in ("in-1", "in-2", "1-2", "in-out", "1-out", "2-out")}
        )
    )
    assert problem.space.flops_range[0] == problem.space.flops_range[1]
    nothing = np.empty((0, 6), dtype=np.int64)
    assert len(initial_design(problem, 4, 12, nothing, np.random.default_rng(0))) == 4
