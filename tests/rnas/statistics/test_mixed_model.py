"""The mixed model against what is known in closed form, and its test against chance."""

import numpy as np
import pytest
from scipy.stats import kstest

from rnas.scaling_rules._design_matrix import matern
from rnas.statistics.mixed_model import MixedModel, sample_mvn

RNG = np.random.default_rng


def test_without_functions_it_is_least_squares() -> None:
    rng = RNG(0)
    fixed = np.column_stack([np.ones(50), rng.normal(size=50)])
    y = fixed @ [1.0, 2.0] + 0.3 * rng.normal(size=50)
    model = MixedModel(y, fixed, [])
    residual = y - fixed @ np.linalg.lstsq(fixed, y, rcond=None)[0]
    # Restricted maximum likelihood divides by the degrees of freedom that are left.
    assert model.variances[-1] == pytest.approx((residual**2).sum() / 48, rel=0.01)


def test_group_effects_are_those_of_the_balanced_analysis_of_variance() -> None:
    rng = RNG(1)
    groups = np.repeat(np.arange(20), 5)
    y = 2.0 * rng.normal(size=20)[groups] + rng.normal(size=100)
    same = (groups[:, None] == groups[None, :]).astype(float)
    model = MixedModel(y, np.ones((100, 1)), [same])
    table = y.reshape(20, 5)
    within = table.var(axis=1, ddof=1).mean()
    between = (5 * table.mean(axis=1).var(ddof=1) - within) / 5
    assert model.variances == pytest.approx([between, within], rel=0.02)


def test_what_is_left_out_is_predicted_from_the_others() -> None:
    rng = RNG(2)
    x = rng.uniform(size=(40, 1))
    y = np.sin(6 * x[:, 0]) + 0.1 * rng.normal(size=40)
    model = MixedModel(y, np.ones((40, 1)), [matern(x, 0.5)])
    # Without its last point, at the same variances, by the textbook's formula.
    covariance = model.variances[0] * matern(x, 0.5) + (model.variances[1] + 1e-9 * y.var()) * np.eye(40)
    rest, ones = slice(0, 39), np.ones(39)
    inverse = np.linalg.inv(covariance[rest, rest])
    mean = ones @ inverse @ y[rest] / (ones @ inverse @ ones)
    predicted = mean + covariance[39, rest] @ inverse @ (y[rest] - mean)
    assert model.left_out()[39] == pytest.approx(y[39] - predicted, abs=1e-6)


def test_the_posterior_follows_a_function_and_widens_where_nothing_is_known() -> None:
    rng = RNG(3)
    x = rng.uniform(size=(80, 1))
    y = np.sin(6 * x[:, 0]) + 0.05 * rng.normal(size=80)
    places = np.array([[0.25], [0.5], [0.75], [3.0]])
    model = MixedModel(y, np.ones((80, 1)), [matern(x, 0.5)])
    mean, covariance = model.posterior([0], [matern(places, 0.5, x)], [matern(places, 0.5)])
    assert mean[0] - mean[1] == pytest.approx(np.sin(1.5) - np.sin(3.0), abs=0.1)
    assert mean[2] - mean[1] == pytest.approx(np.sin(4.5) - np.sin(3.0), abs=0.1)
    contrasts = np.array([[1, -1, 0, 0], [0, -1, 0, 1]])
    near, far = np.diag(contrasts @ covariance @ contrasts.T)
    assert far > 20 * near


def test_draws_have_the_mean_and_covariance_also_of_a_singular_one() -> None:
    covariance = np.array([[4.0, 2.0], [2.0, 1.0]])
    found = sample_mvn(np.array([1.0, -1.0]), covariance, 20_000, RNG(0))
    assert found.mean(axis=1) == pytest.approx([1, -1], abs=0.05)
    assert np.cov(found) == pytest.approx(covariance, rel=0.05)


def test_p_values_of_nothing_are_uniform_and_of_something_small() -> None:
    x = RNG(4).uniform(size=(60, 2))
    covariance = matern(x[:, :1], 0.5)
    rival = matern(x[:, 1:], 0.5)
    nothing = []
    for seed in range(60):
        y = 2 * x[:, 1] + RNG(seed).normal(size=60)
        nothing.append(MixedModel(y, np.ones((60, 1)), [rival]).p_value(covariance, RNG(seed)))
    assert kstest(nothing, "uniform").pvalue > 0.01
    y = 2 * x[:, 1] + 3 * (x[:, 0] - 0.5) ** 2 * 4 + 0.3 * RNG(0).normal(size=60)
    assert MixedModel(y, np.ones((60, 1)), [rival]).p_value(covariance, RNG(0)) < 0.001


def test_the_unit_of_the_response_does_not_matter() -> None:
    x = RNG(5).uniform(size=(50, 1))
    y = np.sin(6 * x[:, 0]) + 0.2 * RNG(6).normal(size=50)
    small, large = (MixedModel(scale * y, np.ones((50, 1)), [matern(x, 0.5)]) for scale in (1e-3, 1e3))
    assert large.variances == pytest.approx(1e12 * small.variances, rel=1e-3)
