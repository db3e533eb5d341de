"""The spread is that of out-of-fold errors, wider away from the data."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from rnas.nas.predictors._calibration import Spread, folds, nearest


def test_rows_are_dealt_to_the_folds_in_turn() -> None:
    np.testing.assert_array_equal(folds(7), [0, 1, 2, 3, 4, 0, 1])
    np.testing.assert_array_equal(folds(2), [0, 1])


@pytest.mark.parametrize("n", [0, 1, 2001, 4000])
def test_nearest_is_the_least_distance(n: int) -> None:
    rng = np.random.default_rng(0)
    inputs, points = rng.random((n, 3)), rng.random((5, 3))
    np.testing.assert_allclose(nearest(inputs, points), cdist(inputs, points).min(axis=1) if n else [])


def test_errors_that_do_not_grow_with_distance_are_taken_as_they_are() -> None:
    rng = np.random.default_rng(1)
    inputs = rng.random((500, 2))
    spread = Spread(inputs, rng.normal(scale=0.3, size=500), folds(500))
    np.testing.assert_allclose(spread.at(inputs, np.zeros(500)), 0.3, rtol=0.1)


def test_errors_that_grow_with_distance_do_so_elsewhere() -> None:
    rng = np.random.default_rng(2)
    inputs = np.sort(rng.exponential(size=(600, 1)), axis=0)
    fold = folds(600)
    distance = np.empty(600)
    for part in range(5):
        distance[fold == part] = nearest(inputs[fold == part], inputs[fold != part])
    spread = Spread(inputs, rng.normal(size=600) * 5 * distance, fold)
    near, far = spread.at(np.array([[inputs[300, 0]], [inputs[-1, 0] + 0.05]]), np.zeros(2))
    assert far > 3 * near


def test_far_away_no_more_is_unknown_than_if_nothing_was_learnt() -> None:
    rng = np.random.default_rng(3)
    inputs = rng.random((60, 2))
    spread = Spread(inputs, rng.normal(scale=0.5, size=60), folds(60))
    far = np.full((2, 2), 1e4)
    np.testing.assert_allclose(spread.at(far, np.array([0.0, 2.0])), np.sqrt([1.0, 5.0]))


def test_points_in_one_place_have_the_spread_of_their_errors() -> None:
    spread = Spread(np.ones((10, 3)), np.tile([0.5, -0.5], 5), folds(10))
    assert spread.at(np.ones((1, 3)), np.zeros(1))[0] <= 0.5 * (1 + 1e-9) / np.sqrt(0.2)
    assert np.isfinite(spread.at(np.zeros((1, 3)), np.zeros(1))).all()
