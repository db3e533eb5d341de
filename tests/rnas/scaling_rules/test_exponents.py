"""Exponents of depth and width in FLOPs, of synthetic optima."""

import numpy as np
import pytest

from rnas._typing import Floats
from rnas.networks.robust_scaling import Rule
from rnas.scaling_rules._design_matrix import DesignMatrix, parts_of
from rnas.scaling_rules._exponents import Exponents, exponents
from rnas.scaling_rules.observations import Observations
from tests.rnas.scaling_rules.synthetic_designs import noise, random_design


def found(design: Observations, score: Floats) -> Exponents | None:
    scored = design.with_score(score)
    return exponents(DesignMatrix(scored, parts_of(scored, Rule())), np.random.default_rng(0))


def test_with_one_optimum_of_r_d_depth_and_width_grow_alike() -> None:
    design = random_design(150)
    result = found(design, -60 * (design.depth_to_width - 0.5) ** 2 + noise(150, 0.2))
    assert result is not None
    assert result.depth.low <= result.depth.value <= result.depth.high
    assert result.depth.value == pytest.approx(result.width.value, abs=0.1)
    assert result.flops[0] < result.flops[1]


def test_where_deeper_is_better_the_more_is_spent_depth_grows_faster() -> None:
    design = random_design(150)
    budget = np.log(design.flops)
    best = 0.5 + 0.12 * (budget - budget.mean()) / budget.std()
    result = found(design, -60 * (design.depth_to_width - best) ** 2 + noise(150, 0.2))
    assert result is not None
    assert result.depth.low > result.width.high


def test_one_budget_has_no_exponents() -> None:
    design = random_design(200)
    middle = np.abs(np.log(design.flops / np.median(design.flops))) < 0.3
    one = design[np.flatnonzero(middle)]
    assert found(one, -60 * (one.depth_to_width - 0.5) ** 2) is None


def test_an_optimum_beyond_the_space_has_no_exponents() -> None:
    design = random_design(100)
    assert found(design, 20 * design.depth_to_width + noise(100, 0.2)) is None
