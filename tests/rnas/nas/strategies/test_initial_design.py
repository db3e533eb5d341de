"""The initial design fills strata of FLOPs, whatever the batches."""

from dataclasses import replace

import numpy as np
import pytest

from rnas._typing import Integers
from rnas.nas.strategies._initial_design import initial_design
from rnas.nas.strategy import Columns
from rnas.testing.strategy import LARGE, SMALL, toy_problem, toy_space


@pytest.mark.parametrize(("name", "batch"), [(SMALL, 1), (SMALL, 6), (LARGE, 4)])
def test_every_stratum_gets_one(name: str, batch: int) -> None:
    problem = toy_problem(toy_space(name))
    genomes = np.empty((0, len(problem.space.variables)), dtype=np.int64)
    while len(genomes) < 12:
        rng = np.random.default_rng([0, len(genomes)])
        genomes = np.concatenate([genomes, initial_design(problem, batch, 12, genomes, rng)])
    assert len(np.unique(genomes, axis=0)) == 12
    space = problem.space
    if space.enumeration is None:
        # The strata of a large space are estimated.
        everything, least = space.uniform(2000, np.random.default_rng(9)), 9
    else:
        everything, least = space.enumeration, 12
    edges = np.quantile(problem.known(everything)["flops"], np.arange(1, 12) / 12)
    strata = np.searchsorted(edges, problem.known(genomes)["flops"], side="right")
    # Several networks of one cost may fill a stratum, so that others have none to give.
    reachable = np.unique(np.searchsorted(edges, problem.known(everything)["flops"], side="right"))
    assert len(np.unique(strata)) >= min(least, len(reachable))


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


def test_what_cannot_be_evaluated_is_left_out() -> None:
    whole = toy_problem(toy_space(SMALL))
    low, high = whole.space.flops_range

    def partly_known(genomes: Integers) -> Columns:
        known = whole.known(genomes)
        extreme = (known["flops"] == low) | (known["flops"] == high)
        return {name: np.where(extreme, np.nan, column) for name, column in known.items()}

    problem = replace(whole, known=partly_known)
    nothing = np.empty((0, 6), dtype=np.int64)
    design = initial_design(problem, 12, 12, nothing, np.random.default_rng(0))
    assert np.isfinite(problem.known(design)["flops"]).all()
