"""Build the grid of shares on which an optimum is searched, and intervals from draws."""

from itertools import product

import numpy as np

from rnas._typing import Floats
from rnas.statistics.interval import Interval

_OUTER = 0.005
"""Share of the observations outside either end of the searched range: a single network is too little evidence."""

_ROUNDING = 1e-9


def interval_of(draws: Floats, level: float = 0.9) -> Interval:
    """Return the median of draws (n,) and the interval between the quantiles that leave equal tails."""
    low, middle, high = np.quantile(draws, ((1 - level) / 2, 0.5, (1 + level) / 2))
    return Interval(float(middle), float(low), float(high))


def simplex(parts: int, steps: int) -> Floats:
    """Return all shares (m, parts) above zero that are multiples of 1 / steps and sum to 1."""
    heads = np.array(list(product(range(1, steps), repeat=parts - 1)))
    last = steps - heads.sum(axis=1)
    whole: Floats = np.column_stack([heads, last])[last > 0] / steps
    return whole


def searched(grid: Floats, observed: Floats) -> Floats:
    """Return the points of a grid (m, c) within the range of observed (n, c) in each coordinate; all if none is."""
    # The ends are observed values, rounded outwards, so that few observations are all inside.
    low = np.quantile(observed, _OUTER, axis=0, method="lower")
    high = np.quantile(observed, 1 - _OUTER, axis=0, method="higher")
    between = ((grid >= low - _ROUNDING) & (grid <= high + _ROUNDING)).all(axis=1)
    return grid[between] if between.any() else grid


def inside(place: Floats, grid: Floats) -> bool:
    """Return whether a point (c,) is within the range of a grid (m, c) in each coordinate."""
    low, high = grid.min(axis=0), grid.max(axis=0)
    return bool(((place >= low - _ROUNDING) & (place <= high + _ROUNDING)).all())


def at_ends(values: Floats, grid: Floats) -> Floats:
    """Return for each coordinate (c,) the share of values (k, c) that is at either end of a grid (m, c)."""
    ends = (values <= grid.min(axis=0) + _ROUNDING) | (values >= grid.max(axis=0) - _ROUNDING)
    return np.asarray(ends.mean(axis=0))
