"""Combine several objectives into one score, for strategies that support only one.

Points are minimised, scores are maximised.
"""

import numpy as np
from pymoo.operators.survival.rank_and_crowding.metrics import get_crowding_function
from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting

from rnas._typing import Floats

_AUGMENTATION = 0.05


def crowded_comparison(points: Floats) -> Floats:
    """Score points (n, m) by the order of NSGA-II (Deb et al., IEEE TEC 2002); scores (n,) are in (-n, 1].

    A score is minus the index of the point's front, counted from 0, plus an amount that grows with the distance to its
    neighbours on the front and is 1 at the ends. Scores only compare these points: one more point may change all of
    them.
    """
    scores = np.empty(len(points))
    for rank, front in enumerate(NonDominatedSorting().do(points)):
        crowding = get_crowding_function("cd").do(points[front])
        # This is monotone, and finite at the ends of the front, whose distance is infinite.
        scores[front] = 1.0 - rank - 0.5 / (1.0 + crowding)
    return scores


def augmented_chebyshev(points: Floats) -> Floats:
    """Score points (n, m) by minus their augmented Chebyshev distance to the best of each objective, as (n,) <= 0.

    The distance is that of Steuer and Choo (Mathematical Programming 1983) with equal weights and an augmentation of
    0.05, and each objective is scaled to [0, 1] over the points. It leads to the knee of the front, not to its ends.
    """
    low, high = points.min(axis=0), points.max(axis=0)
    scaled = (points - low) / np.where(high > low, high - low, 1.0)
    return np.asarray(-(scaled.max(axis=1) + _AUGMENTATION * scaled.sum(axis=1)))
