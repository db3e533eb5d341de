"""What the rivals explain."""

import numpy as np

from rnas._typing import Floats
from rnas.networks.robust_scaling import Rule
from rnas.scaling_rules._design_matrix import DesignMatrix, parts_of
from rnas.scaling_rules._hypotheses import explained
from rnas.scaling_rules.observations import Observations
from tests.rnas.scaling_rules.synthetic_designs import noise, random_design, tent


def shares(design: Observations, score: Floats) -> dict[str, float]:
    scored = design.with_score(score)
    return dict(explained(DesignMatrix(scored, parts_of(scored, Rule()))))


def test_the_hypothesis_that_is_true_explains_most() -> None:
    design = random_design(80)
    params = shares(design, 2 * np.log(design.params) + noise(80, 0.2))
    assert params["params"] > 0.9
    assert params["params"] > params["FLOPs"] + 0.1
    assert abs(params["FLOPs and params"] - params["params"]) < 0.02
    proportion = shares(design, 10 * tent(design.depth_shares, (3, 1, 2)) + noise(80, 0.2))
    assert proportion["FLOPs and shares"] > 0.7
    assert proportion["FLOPs and shares"] > proportion["FLOPs and params"] + 0.2


def test_noise_is_not_explained() -> None:
    design = random_design(60)
    assert max(shares(design, noise(60, 1.0)).values()) < 0.15
