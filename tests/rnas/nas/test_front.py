"""Non-dominated points and hypervolume against their definitions."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from rnas.nas.front import hypervolume, hypervolume_history, non_dominated, normalised

Floats = NDArray[np.float64]

# A coarse grid, so that equal points and equal coordinates are common.
COORDINATES = st.integers(0, 6).map(lambda value: value / 6) | st.just(float("nan"))
POINTS = st.integers(1, 3).flatmap(
    lambda m: st.integers(0, 12).flatmap(lambda n: arrays(np.float64, (n, m), elements=COORDINATES))
)


def dominates(one: Floats, other: Floats) -> bool:
    return bool((one <= other).all() and (one < other).any())


def volume_of_cells(points: Floats) -> float:
    """Hypervolume below 1 of points on the grid, by counting cells."""
    m = points.shape[1]
    cells = np.indices((6,) * m).reshape(m, -1).T / 6
    covered = [any((np.nan_to_num(point, nan=np.inf) <= cell + 1e-9).all() for point in points) for cell in cells]
    return float(np.mean(covered)) if len(covered) else 0.0


@given(POINTS)
def test_non_dominated_is_by_definition(points: Floats) -> None:
    whole = [row for row in range(len(points)) if np.isfinite(points[row]).all()]
    expected = [row for row in whole if not any(dominates(points[other], points[row]) for other in whole)]
    assert non_dominated(points).tolist() == expected


@given(POINTS)
def test_hypervolume_is_the_volume_covered(points: Floats) -> None:
    np.testing.assert_allclose(hypervolume(points, np.ones(points.shape[1])), volume_of_cells(points), atol=1e-9)


@given(POINTS)
def test_history_is_the_hypervolume_of_each_beginning(points: Floats) -> None:
    reference = np.ones(points.shape[1])
    expected = [hypervolume(points[: n + 1], reference) for n in range(len(points))]
    np.testing.assert_allclose(hypervolume_history(points, reference), expected, atol=1e-12)


def test_hypervolume_has_the_units_of_the_objectives() -> None:
    points = np.array([[-0.4, 30.0], [-0.5, 80.0]])
    reference, ideal = np.array([0.0, 100.0]), np.array([-0.5, 0.0])
    assert np.isclose(hypervolume(points, reference), 0.4 * 70 + 0.1 * 20)
    share = hypervolume(normalised(points, reference, ideal), np.ones(2))
    assert np.isclose(share, (0.4 * 70 + 0.1 * 20) / (0.5 * 100))


def test_points_at_or_beyond_the_reference_add_nothing() -> None:
    reference = np.array([1.0, 1.0])
    assert hypervolume(np.array([[0.0, 1.0], [2.0, 0.5], [np.nan, 0.1]]), reference) == 0
    assert hypervolume(np.empty((0, 2)), reference) == 0
