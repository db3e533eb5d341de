"""Normal scores: monotone, invertible, right moments."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from rnas.nas.predictors._normal_scores import NormalScores

SAMPLES = st.lists(st.integers(-1000, 1000), min_size=2, max_size=60).filter(lambda values: len(set(values)) > 1)


@given(SAMPLES)
def test_scores_keep_the_order_and_give_the_sample_back(values: list[int]) -> None:
    sample = np.array(values, dtype=np.float64)
    warp = NormalScores(sample)
    order = np.argsort(sample, kind="stable")
    assert (np.diff(warp.scores[order]) >= 0).all()
    assert (warp.scores[order][1:] > warp.scores[order][:-1]).sum() == len(set(values)) - 1
    np.testing.assert_allclose(warp.values(warp.scores), sample, atol=1e-6)


@given(SAMPLES, st.floats(-6, 6), st.floats(-6, 6))
def test_the_map_back_is_increasing_everywhere(values: list[int], first: float, second: float) -> None:
    warp = NormalScores(np.array(values, dtype=np.float64))
    low, high = sorted((first, second))
    mapped = warp.values(np.array([low, high]))
    assert mapped[0] <= mapped[1] + 1e-9


def test_it_goes_on_beyond_the_sample() -> None:
    warp = NormalScores(np.arange(20.0))
    below, above = warp.values(np.array([-4.0, 4.0]))
    assert below < 0.0
    assert above > 19.0


def test_moments_are_those_of_a_large_sample() -> None:
    rng = np.random.default_rng(0)
    warp = NormalScores(0.5 - 0.4 * rng.exponential(size=300))
    mean, std = warp.moments(np.array([0.0, 0.7, 2.5]), np.array([1.0, 0.3, 0.8]))
    for centre, spread, found in zip([0.0, 0.7, 2.5], [1.0, 0.3, 0.8], zip(mean, std, strict=True), strict=True):
        quantiles = norm.ppf((np.arange(100_000) + 0.5) / 100_000)
        drawn = warp.values(centre + spread * quantiles)
        np.testing.assert_allclose(found, [drawn.mean(), drawn.std()], rtol=0.05)


def test_certain_scores_have_no_spread() -> None:
    warp = NormalScores(np.array([1.0, 2.0, 5.0]))
    mean, std = warp.moments(warp.scores, np.zeros(3))
    np.testing.assert_allclose(mean, [1.0, 2.0, 5.0])
    np.testing.assert_allclose(std, 0.0, atol=1e-9)
