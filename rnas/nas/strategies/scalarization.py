"""One score of several objectives, for strategies that know one only. Points are minimised, scores maximised."""

import numpy as np
from numpy.typing import NDArray
from pymoo.operators.survival.rank_and_crowding.metrics import get_crowding_function
from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting

Floats = NDArray[np.float64]

_AUGMENTATION = 0.05


def crowded_comparison(points: Floats) -> Floats:
    """Scores (n,) in (-n, 1] of points (n, m): the order of NSGA-II (Deb et al., IEEE TEC 2002).

    Minus the front that a point is on, counted from 0, and within a front more the further its neighbours are away;
    1 more at the ends. A score holds among these points: each more may change all.
    """
    scores = np.empty(len(points))
    for rank, front in enumerate(NonDominatedSorting().do(points)):
        crowding = get_crowding_function("cd").do(points[front])
        # Monotone, and finite at the ends of the front, whose distance is infinite.
        scores[front] = 1.0 - rank - 0.5 / (1.0 + crowding)
    return scores


def augmented_chebyshev(points: Floats) -> Floats:
    """Scores (n,), at most 0, of points (n, m): minus the augmented Chebyshev distance to the best of each objective.

    Steuer and Choo (Mathematical Programming 1983) with equal weights and an augmentation of 0.05, each objective
    scaled to [0, 1] over the points: it leads to the knee of the front and leaves the ends alone.
    """
    low, high = points.min(axis=0), points.max(axis=0)
    scaled = (points - low) / np.where(high > low, high - low, 1.0)
    return np.asarray(-(scaled.max(axis=1) + _AUGMENTATION * scaled.sum(axis=1)))
