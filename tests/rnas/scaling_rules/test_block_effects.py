"""Effects of block variables on synthetic scores."""

import numpy as np
import pytest

from rnas._typing import Floats
from rnas.networks.robust_scaling import Rule
from rnas.scaling_rules._block_effects import block_effects
from rnas.scaling_rules._design_matrix import DesignMatrix, parts_of
from rnas.scaling_rules.observations import Observations
from tests.rnas.scaling_rules.synthetic_designs import noise, random_design


def effects(design: Observations, score: Floats) -> dict[str, tuple[float, float, float, float]]:
    scored = design.with_score(score)
    found = block_effects(DesignMatrix(scored, parts_of(scored, Rule())), np.random.default_rng(0))
    return {e.value: (e.effect.value, e.effect.low, e.effect.high, e.p_value) for e in found}


def test_a_true_effect_is_found_at_equal_cost() -> None:
    design = random_design(120)
    better = design.blocks["topology"] == "bottleneck"
    found = effects(design, np.log(design.flops) + 1.0 * better + noise(120, 0.3))
    value, low, high, p_value = found["bottleneck"]
    assert value == pytest.approx(0.5, abs=0.15)
    assert low <= 0.5 <= high
    assert p_value < 0.01
    assert found["basic"][0] == pytest.approx(-value, abs=0.02)


def test_cost_is_no_effect() -> None:
    """Bottlenecks cost less, and score less for that alone."""
    design = random_design(120)
    found = effects(design, 2 * np.log(design.flops) + noise(120, 0.3))
    assert found["bottleneck"][3] > 0.05
    assert found["bottleneck"][1] <= 0 <= found["bottleneck"][2]


def test_without_block_variables_there_are_no_effects() -> None:
    design = random_design(40)
    plain = design[np.flatnonzero(design.blocks["topology"] == "basic")]
    assert effects(plain, np.log(plain.flops)) == {}
