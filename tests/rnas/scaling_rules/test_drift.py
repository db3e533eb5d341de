"""Optima that move with the length of training take the verdict away."""

from dataclasses import replace

from rnas.networks.robust_scaling import Rule
from rnas.scaling_rules._design_matrix import DesignMatrix
from rnas.scaling_rules._drift import at_this_fidelity, drifts
from rnas.scaling_rules.estimate import design_of, families_of
from rnas.scaling_rules.verdict import Verdict
from tests.rnas.scaling_rules.synthetic_designs import noise, random_design, tent


def designed(proportion: tuple[int, ...], seed: int) -> DesignMatrix:
    networks = random_design(100, seed)
    score = 8 * tent(networks.depth_shares, proportion) + noise(100, 0.2, seed)
    return design_of(networks.with_score(score), Rule())


def test_an_optimum_that_moves_is_found_and_one_that_stays_is_not() -> None:
    highest = designed((3, 1, 2), 0)
    moving = {drift.quantity: drift for drift in drifts(highest, [designed((1, 1, 4), 1)])}
    staying = {drift.quantity: drift for drift in drifts(highest, [designed((3, 1, 2), 1)])}
    assert moving["D1"].found
    assert moving["D3"].found
    assert moving["D3"].shift.value > 0.15
    assert not any(staying[name].found for name in ("D1", "D2", "D3"))
    assert all(drift.below_highest == 1 for drift in moving.values())
    family = families_of(highest)[0]
    assert family.verdict is Verdict.DIFFERS
    assert at_this_fidelity(family, list(moving.values())).verdict is Verdict.NOT_AT_THIS_FIDELITY
    assert at_this_fidelity(family, list(staying.values())) == family
    silent = replace(family, verdict=Verdict.NOT_IDENTIFIED)
    assert at_this_fidelity(silent, list(moving.values())) == silent
