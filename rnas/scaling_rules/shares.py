"""Where the optimum of shares is looked for, and numbers with intervals."""

from itertools import product

import numpy as np
from numpy.typing import NDArray

from rnas.statistics.interval import Interval

Floats = NDArray[np.float64]

_OUTER = 0.005
"""Share of the observations beyond either end of what counts as searched: one lone network is no evidence there."""

_ROUNDING = 1e-9


def interval_of(draws: Floats, level: float = 0.9) -> Interval:
    """Median of draws (n,) and the interval between the quantiles that leave equal tails."""
    low, middle, high = np.quantile(draws, ((1 - level) / 2, 0.5, (1 + level) / 2))
    return Interval(float(middle), float(low), float(high))


def simplex(parts: int, steps: int) -> Floats:
    """All shares (m, parts) above zero that are multiples of 1 / steps and sum to 1."""
    heads = np.array(list(product(range(1, steps), repeat=parts - 1)))
    last = steps - heads.sum(axis=1)
    whole: Floats = np.column_stack([heads, last])[last > 0] / steps
    return whole


def searched(grid: Floats, observed: Floats) -> Floats:
    """Those of grid (m, c) between the ends of what was observed (n, c), coordinate by coordinate; all if none is."""
    # Outwards to what was observed, so that of few observations none is beyond the ends.
    low = np.quantile(observed, _OUTER, axis=0, method="lower")
    high = np.quantile(observed, 1 - _OUTER, axis=0, method="higher")
    between = ((grid >= low - _ROUNDING) & (grid <= high + _ROUNDING)).all(axis=1)
    return grid[between] if between.any() else grid


def inside(place: Floats, grid: Floats) -> bool:
    """Whether a place (c,) is between the ends of a grid (m, c), coordinate by coordinate."""
    low, high = grid.min(axis=0), grid.max(axis=0)
    return bool(((place >= low - _ROUNDING) & (place <= high + _ROUNDING)).all())


def at_ends(values: Floats, grid: Floats) -> Floats:
    """For each coordinate (c,) how large a share of values (k, c) is at either end of a grid (m, c)."""
    ends = (values <= grid.min(axis=0) + _ROUNDING) | (values >= grid.max(axis=0) - _ROUNDING)
    return np.asarray(ends.mean(axis=0))
