"""The scale of errors, and draws of normal variables."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnas.nas.strategies._error_scale import LogDistance, normal_draws


@given(st.lists(st.floats(-1e3, 1e3).map(lambda x: round(x, 3)), min_size=2, max_size=20))
def test_scores_lead_back_to_the_sample(numbers: list[float]) -> None:
    sample = np.array(numbers)
    scale = LogDistance(sample)
    assert np.isfinite(scale.scores).all()
    np.testing.assert_allclose(scale.values(scale.scores), sample, atol=1e-6)


@pytest.mark.parametrize("value", [0.1, 0.7, 683.251])
def test_equal_results_have_equal_scores(value: float) -> None:
    for count in range(1, 10):
        scale = LogDistance(np.full(count, value))
        np.testing.assert_array_equal(scale.scores, 0)
        np.testing.assert_allclose(scale.values(scale.scores), value)


def test_poor_results_are_compressed() -> None:
    scores = LogDistance(np.array([0.1, 0.2, 0.3, 0.8, 0.9])).scores
    assert scores[1] - scores[0] > 2 * (scores[4] - scores[3])


def test_moments_are_finite_whatever_the_uncertainty() -> None:
    scale = LogDistance(np.array([0.1, 0.2, 0.4]))
    mean, std = scale.moments(np.array([-1.0, -1.0]), np.array([0.0, 50.0]))
    assert np.isfinite([mean, std]).all()
    np.testing.assert_allclose(std[0], 0, atol=1e-12)
    np.testing.assert_allclose(mean[0], scale.values(np.array(-1.0)))


def test_draws_have_the_moments_of_normal_variables() -> None:
    for variables in (1, 2, 3):
        draws, weights = normal_draws(variables)
        assert draws.shape == (len(weights), variables)
        np.testing.assert_allclose(weights.sum(), 1)
        np.testing.assert_allclose(weights @ draws, 0, atol=0.05)
        np.testing.assert_allclose(weights @ draws**2, 1, atol=0.15)
