"""Hypervolume gains and the choice of a batch."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rnas._typing import Floats
from rnas.nas.front import hypervolume
from rnas.nas.strategies._acquisition import Box, Posterior, choose_batch, choose_next, hypervolume_gains


def certain(points: Floats) -> Posterior:
    return Posterior(points, np.zeros_like(points))


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


def test_the_batch_is_spread_rather_than_crowded() -> None:
    mean = np.array([[0.30, 0.30], [0.31, 0.31], [0.32, 0.29], [0.05, 0.80], [0.80, 0.05]])
    assert set(choose_batch(certain(mean), np.array([[0.5, 0.5]]), [0.0, 0.0, 0.0])) == {0, 3, 4}


def test_kappa_prefers_what_is_less_known() -> None:
    posterior = Posterior(np.array([[0.4, 0.4], [0.45, 0.45]]), np.array([[0.0, 0.0], [0.2, 0.0]]))
    front = np.array([[0.5, 0.5]])
    free = np.ones(2, dtype=bool)
    assert choose_next(posterior, front, free, 0.1) == 0
    assert choose_next(posterior, front, free, 1.0) == 1


def test_where_nothing_is_added_it_looks_further() -> None:
    posterior = Posterior(np.array([[0.9, 0.9], [0.9, 0.9]]), np.array([[0.1, 0.1], [0.3, 0.3]]))
    free = np.ones(2, dtype=bool)
    assert choose_next(posterior, np.array([[0.1, 0.1]]), free, 0.5) == 1
    assert choose_next(certain(posterior.mean), np.array([[0.1, 0.1]]), free, 0.0) in (0, 1)


def test_no_candidate_is_chosen_twice() -> None:
    mean = np.random.default_rng(0).random((6, 2))
    rows = choose_batch(certain(mean), np.empty((0, 2)), [0.5] * 10)
    assert sorted(rows) == list(range(6))


def test_a_box_is_completed_from_what_was_seen() -> None:
    points = np.array([[1.0, -3.0], [2.0, -7.0]])
    box = Box.around(points, np.array([4.0, np.nan]), np.array([0.0, np.nan]))
    np.testing.assert_allclose(box.scaled(points), [[0.25, 1.0], [0.5, 0.0]])
    flat = Box.around(points[:1], np.full(2, np.nan), np.full(2, np.nan))
    assert np.isfinite(flat.scaled(points)).all()
    scaled = box.scaled_posterior(Posterior(points, np.full((2, 2), 2.0)))
    np.testing.assert_allclose(scaled.std, [[0.5, 0.5], [0.5, 0.5]])
