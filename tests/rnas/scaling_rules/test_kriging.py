import numpy as np
import pytest

from rnas._typing import Floats
from rnas.scaling_rules._kriging import expectation
from rnas.scaling_rules.observations import Observations
from tests.rnas.scaling_rules.grids import design

NOISE = 0.01


def networks(n: int, rng: np.random.Generator, scale: float = 1.0) -> Observations:
    depths = np.round(scale * rng.integers(1, 7, (n, 3)))
    return design(depths, rng.integers(1, 4, (n, 3)).astype(np.float64))


def truth(observations: Observations) -> Floats:
    """A smooth function of depth shares plus one of FLOPs."""
    return np.asarray(0.05 * np.log(observations.flops) - (observations.depth_shares[:, 2] - 0.5) ** 2)


@pytest.mark.parametrize("scale", [1.0, 1.5])
def test_intervals_hold_what_is_measured_later_inside_and_beyond_the_fit(scale: float) -> None:
    rng = np.random.default_rng(0)
    scores, gains = [], []
    for _ in range(12):
        fitted, others = networks(50, rng), networks(4, rng, scale)
        fitted = fitted.with_score(truth(fitted) + NOISE * rng.standard_normal(len(fitted)))
        found = expectation(fitted, others)
        measured = truth(others) + NOISE * rng.standard_normal((3, 4)).mean(axis=0)
        for row in range(4):
            interval = found.score(row, seeds=3)
            scores.append(interval.low <= measured[row] <= interval.high)
        for row in range(1, 4):
            interval = found.gain(0, row, seeds=3)
            gains.append(interval.low <= measured[0] - measured[row] <= interval.high)
    assert np.mean(scores) >= 0.85
    assert np.mean(gains) >= 0.85


def test_predictions_are_better_than_the_mean_score() -> None:
    rng = np.random.default_rng(1)
    fitted, others = networks(60, rng), networks(30, rng)
    fitted = fitted.with_score(truth(fitted) + NOISE * rng.standard_normal(60))
    found = expectation(fitted, others)
    errors = found.mean - truth(others)
    assert (errors**2).mean() < 0.1 * truth(others).var()
    assert found.noise == pytest.approx(NOISE**2, rel=0.8)


def test_more_seeds_and_nearer_networks_are_surer() -> None:
    rng = np.random.default_rng(2)
    fitted = networks(40, rng)
    fitted = fitted.with_score(truth(fitted) + NOISE * rng.standard_normal(40))
    far = design(np.array([[40.0, 40.0, 40.0]]), np.array([[9.0, 9.0, 9.0]]))
    near, beyond = expectation(fitted, fitted[np.array([0])]), expectation(fitted, far)
    assert near.score(0, 5).half_width < near.score(0, 1).half_width < beyond.score(0, 1).half_width


def test_one_budget_has_no_slope_of_capacity() -> None:
    rng = np.random.default_rng(3)
    fitted = networks(30, rng)
    alike = Observations(
        "score",
        truth(fitted) + NOISE * rng.standard_normal(30),
        fitted.depths,
        fitted.widths,
        np.full(30, 1e6),
        np.full(30, 1e4),
        {},
        fitted.keys,
    )
    assert np.isfinite(expectation(alike, networks(2, rng)).score(0, 1).half_width)
