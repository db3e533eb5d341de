"""The model-based estimate on planted truths; the full calibration is among the benchmarks."""

from dataclasses import replace

import numpy as np
import pytest

from rnas.errors import InputError
from rnas.networks.robust_scaling import Rule
from rnas.scaling_rules.estimate import FITTED, design_of, families_of, fitted_to
from rnas.scaling_rules.verdict import Verdict
from tests.rnas.scaling_rules.synthetic_designs import noise, random_design, tent

PLANTED = (3, 1, 2)


def scored(n: int, effect: float, seed: int = 0):
    design = random_design(n, seed)
    score = np.log(design.flops) + effect * tent(design.depth_shares, PLANTED) + noise(n, 0.3, seed)
    return design.with_score(score)


def test_a_planted_proportion_is_found_and_differs_from_the_published() -> None:
    families = {family.name: family for family in families_of(design_of(scored(120, 6.0), Rule()))}
    depths = families["depth shares"]
    for quantity, truth in zip(depths.quantities, np.array(PLANTED) / sum(PLANTED), strict=True):
        assert quantity.optimum.low - 0.01 <= truth <= quantity.optimum.high + 0.01
        assert quantity.optimum.half_width < 0.15
    assert depths.p_value < 0.01
    assert depths.gain.low > 0
    assert depths.verdict is Verdict.DIFFERS
    assert families["width shares"].verdict is Verdict.NOT_IDENTIFIED
    assert families["width shares"].evaluations_needed is not None


@pytest.mark.parametrize("rival", ["params", "flops"])
def test_capacity_alone_is_no_rule(rival: str) -> None:
    design = random_design(100)
    families = families_of(design_of(design.with_score(2 * np.log(getattr(design, rival)) + noise(100, 0.3)), Rule()))
    assert {family.verdict for family in families} <= {Verdict.CAPACITY, Verdict.NOT_IDENTIFIED}
    assert (Verdict.CAPACITY in {family.verdict for family in families}) == (rival == "params")


def test_equal_arguments_give_equal_estimates() -> None:
    observations = scored(40, 3.0)
    assert families_of(design_of(observations, Rule(), 3), 3) == families_of(design_of(observations, Rule(), 3), 3)


def test_networks_of_four_stages_have_no_published_shares() -> None:
    design = random_design(60, stages=4)
    families = families_of(
        design_of(design.with_score(6 * tent(design.depth_shares, (1, 1, 2, 1)) + noise(60, 0.1)), Rule())
    )
    assert [len(family.quantities) for family in families] == [4, 4, 1]
    assert families[0].quantities[0].published is None
    assert families[0].gain_published is None
    assert families[0].verdict in (Verdict.IDENTIFIED, Verdict.EDGE, Verdict.NOT_IDENTIFIED)


def test_parts_that_do_not_vary_are_left_out() -> None:
    design = random_design(40)
    fixed = type(design)(
        design.metric,
        np.log(design.flops),
        design.depths,
        np.full_like(design.widths, 4),
        design.flops,
        design.params,
        {},
        design.keys,
    )
    assert [family.name for family in families_of(design_of(fixed, Rule()))] == ["depth shares", "depth to width"]
    with pytest.raises(InputError, match="same shares of depth and width; there is no rule"):
        design_of(replace(fixed, depths=np.full_like(fixed.depths, 2)), Rule())


def test_too_few_or_equal_scores_are_refused() -> None:
    with pytest.raises(InputError, match="at least 20"):
        fitted_to(random_design(19))
    with pytest.raises(InputError, match="same robust_accuracy"):
        fitted_to(random_design(30))


def test_of_many_evaluations_some_are_fitted() -> None:
    design = random_design(FITTED + 50)
    design = design.with_score(np.arange(len(design), dtype=float))
    fitted = fitted_to(design)
    assert len(fitted) == FITTED
    assert set(fitted.keys) < set(design.keys)
