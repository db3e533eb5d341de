"""Compute non-dominated points and hypervolume. Points are minimised: smaller is better in every objective."""

import numpy as np
from pymoo.indicators.hv import Hypervolume
from pymoo.util.nds.non_dominated_sorting import find_non_dominated

from rnas._typing import Floats, Integers


def non_dominated(points: Floats) -> Integers:
    """Return the rows of points (n, m) that no other dominates, in ascending order.

    Equal points are all included, and points with NaN are not.
    """
    rows = np.flatnonzero(np.isfinite(points).all(axis=1))
    if len(rows) == 0:
        return rows
    best: Integers = rows[np.sort(find_non_dominated(points[rows]))]
    return best


def normalised(points: Floats, reference: Floats, ideal: Floats) -> Floats:
    """Scale points (n, m) so that ``ideal`` is 0 and ``reference`` is 1 in every objective."""
    return (points - ideal) / (reference - ideal)


def hypervolume(points: Floats, reference: Floats) -> float:
    """Compute the volume that points (n, m) dominate below ``reference`` (m,), in the points' own units.

    NaN rows and points outside the reference add nothing. Divided by the product of ``reference - ideal``, which
    :func:`normalised` points have anyway, it is a share of the whole box.
    """
    inside = points[(points < reference).all(axis=1)]
    if len(inside) == 0:
        return 0.0
    return float(Hypervolume(ref_point=reference)(inside))


def hypervolume_history(points: Floats, reference: Floats) -> Floats:
    """Compute the hypervolume (n,) after each of points (n, m), in their order; NaN rows add nothing."""
    history = np.zeros(len(points))
    front = np.empty((0, points.shape[1]))
    volume = 0.0
    for row, point in enumerate(points):
        # NaN compares false, so that a failure is left out here.
        if (point < reference).all() and not (front <= point).all(axis=1).any():
            front = np.concatenate([front[(front < point).any(axis=1)], point[None]])
            volume = hypervolume(front, reference)
        history[row] = volume
    return history
