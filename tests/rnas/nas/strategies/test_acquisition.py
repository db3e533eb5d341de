"""Hypervolume gains and the choice of a batch."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import norm

from rnas._typing import Floats
from rnas.nas.front import hypervolume
from rnas.nas.strategies._acquisition import (
    Box,
    Posterior,
    choose_batch,
    choose_next,
    expected_gains,
    hypervolume_gains,
)
from rnas.nas.strategies._error_scale import normal_draws


def certain(points: Floats) -> Posterior:
    return Posterior(points[None], np.ones(1))


def normal(mean: Floats, std: Floats) -> Posterior:
    """Return the posterior of normal points with mean (n, m) and std (n,) of the first objective; others are known."""
    nodes, weights = normal_draws(1)
    draws = np.repeat(mean[None], len(nodes), axis=0)
    draws[:, :, 0] += std * nodes
    return Posterior(draws, weights)


@given(
    st.integers(1, 3).flatmap(
        lambda m: st.tuples(
            arrays(np.float64, st.tuples(st.integers(1, 8), st.just(m)), elements=st.floats(-0.5, 1.5)),
            arrays(np.float64, st.tuples(st.integers(0, 8), st.just(m)), elements=st.floats(-0.5, 1.5)),
        )
    )
)
def test_a_gain_is_the_difference_of_two_hypervolumes(drawn: tuple[Floats, Floats]) -> None:
    points, front = drawn
    ones = np.ones(points.shape[1])
    expected = [hypervolume(np.vstack([front, point]), ones) - hypervolume(front, ones) for point in points]
    np.testing.assert_allclose(hypervolume_gains(points, front), expected, atol=1e-9)


def test_the_expected_gain_is_that_of_the_closed_form() -> None:
    """One objective is normal and the other known: the gain is an integral over the front's steps."""
    mean, std = np.array([[0.4, 0.2], [0.7, 0.6], [0.2, 0.9]]), np.array([0.05, 0.2, 0.1])
    front = np.array([[0.3, 0.7], [0.5, 0.4]])
    steps = ((-np.inf, 0.4, 1.0), (0.4, 0.7, 0.5), (0.7, 1.0, 0.3))
    expected = np.zeros(3)
    for low, high, best in steps:
        width = np.maximum(high - np.maximum(mean[:, 1], low), 0)
        z = (best - mean[:, 0]) / std
        expected += width * ((best - mean[:, 0]) * norm.cdf(z) + std * norm.pdf(z))
    np.testing.assert_allclose(expected_gains(normal(mean, std), front), expected, rtol=0.05, atol=5e-4)


def test_the_batch_is_spread_rather_than_crowded() -> None:
    mean = np.array([[0.30, 0.30], [0.31, 0.31], [0.32, 0.29], [0.05, 0.80], [0.80, 0.05]])
    assert set(choose_batch(3, certain(mean), np.array([[0.5, 0.5]]))) == {0, 3, 4}


def test_what_is_less_known_is_preferred_where_means_are_alike() -> None:
    mean = np.array([[0.45, 0.4], [0.46, 0.4]])
    front = np.array([[0.4, 0.4]])
    free = np.ones(2, dtype=bool)
    assert choose_next(normal(mean, np.array([0.1, 0.2])), front, free) == 1
    assert choose_next(normal(mean, np.array([0.1, 0.1])), front, free) == 0


def test_where_nothing_is_added_the_least_known_is_chosen() -> None:
    mean = np.full((2, 2), 0.9)
    front = np.array([[0.1, 0.1]])
    assert choose_next(normal(mean, np.array([0.01, 0.02])), front, np.ones(2, dtype=bool)) == 1
    assert choose_next(certain(mean), front, np.array([False, True])) == 1


def test_with_three_objectives_the_best_of_many_is_found() -> None:
    points = np.random.default_rng(0).random((600, 3)) * 0.5 + 0.4
    points[431] = 0.1
    assert choose_next(certain(points), np.array([[0.5, 0.5, 0.5]]), np.ones(600, dtype=bool)) == 431


def test_no_candidate_is_chosen_twice() -> None:
    mean = np.random.default_rng(0).random((6, 2))
    rows = choose_batch(10, certain(mean), np.empty((0, 2)))
    assert sorted(rows) == list(range(6))


def test_a_box_is_completed_from_what_was_seen() -> None:
    points = np.array([[1.0, -3.0], [2.0, -7.0]])
    box = Box.around(points, np.array([4.0, np.nan]), np.array([0.0, np.nan]))
    np.testing.assert_allclose(box.scaled(points), [[0.25, 1.0], [0.5, 0.0]])
    flat = Box.around(points[:1], np.full(2, np.nan), np.full(2, np.nan))
    assert np.isfinite(flat.scaled(points)).all()
    scaled = box.scaled_posterior(Posterior(np.stack([points - 2, points + 2]), np.full(2, 0.5)))
    np.testing.assert_allclose(scaled.std, [[0.5, 0.5], [0.5, 0.5]])
