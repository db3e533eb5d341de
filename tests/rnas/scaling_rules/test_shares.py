"""Shares, where they were searched, and intervals."""

from math import comb

import numpy as np
import pytest

from rnas.scaling_rules.shares import at_ends, inside, interval_of, searched, simplex
from rnas.statistics.interval import Interval


@pytest.mark.parametrize(("parts", "steps"), [(2, 4), (2, 12), (3, 4), (3, 11), (4, 4), (4, 9)])
def test_a_simplex_holds_every_share_once(parts: int, steps: int) -> None:
    grid = simplex(parts, steps)
    assert np.allclose(grid.sum(axis=1), 1)
    assert (grid > 0).all()
    assert len(np.unique(grid.round(9), axis=0)) == len(grid) == comb(steps - 1, parts - 1)


def test_only_what_lies_between_observations_was_searched() -> None:
    observed = np.array([[0.2, 0.5, 0.3], [0.4, 0.3, 0.3], [0.3, 0.4, 0.3]])
    grid = searched(simplex(3, 10), observed)
    assert (np.abs(grid[:, 2] - 0.3) < 1e-9).all()
    assert sorted(grid[:, 0].round(9)) == [0.2, 0.3, 0.4]


def test_one_network_far_off_is_no_search() -> None:
    observed = np.concatenate([np.full((400, 1), 0.5), np.full((400, 1), 0.6), [[0.99]]])
    grid = searched(np.linspace(0, 1, 101)[:, None], observed)
    assert grid.max() == pytest.approx(0.6)


def test_where_no_place_is_between_observations_all_are_taken() -> None:
    grid = simplex(2, 4)
    assert len(searched(grid, np.array([[0.3, 0.7], [0.3, 0.7]]))) == len(grid)


def test_places_inside_a_grid() -> None:
    grid = np.array([[0.2], [0.4]])
    assert inside(np.array([0.2]), grid)
    assert inside(np.array([0.3]), grid)
    assert not inside(np.array([0.41]), grid)


def test_ends_are_those_of_the_grid() -> None:
    grid = np.array([[0.1, 0.9], [0.5, 0.5], [0.9, 0.1]])
    draws = np.array([[0.1, 0.5], [0.1, 0.1], [0.5, 0.5], [0.9, 0.5]])
    assert at_ends(draws, grid).tolist() == [0.75, 0.25]


def test_intervals_leave_equal_tails() -> None:
    found = interval_of(np.arange(1001.0))
    assert (found.value, found.low, found.high) == pytest.approx((500, 50, 950))
    assert found.half_width == pytest.approx(450)
    half = interval_of(np.arange(1001.0), 0.5)
    assert (half.low, half.high) == pytest.approx((250, 750))


def test_within_and_beside() -> None:
    interval = Interval(0.4, 0.35, 0.45)
    assert interval.within(0.35, 0.45)
    assert not interval.within(0.36, 0.45)
    assert interval.excludes(0.46, 0.5)
    assert interval.excludes(0.1, 0.34)
    assert not interval.excludes(0.44, 0.5)
