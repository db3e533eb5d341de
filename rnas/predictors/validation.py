"""How far a predictor can be trusted on the evaluations at hand."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kendalltau

from rnas.predictors.predictor import Predictor

Floats = NDArray[np.float64]

_FOLDS = 3


def cross_validated_tau(predictor: Callable[[], Predictor], features: Floats, target: Floats) -> float:
    """Kendall's tau, in [-1, 1], of targets (n,), n >= 4, and their predictions by the other two thirds.

    Every third row is a fold, so that each has evaluations of all times. 0 where the targets or the predictions have
    no order.
    """
    fold = np.arange(len(target)) % _FOLDS
    predicted = np.empty(len(target))
    for held_out in range(_FOLDS):
        rest, out = fold != held_out, fold == held_out
        predicted[out] = predictor().fit(features[rest], target[rest]).predict(features[out])[0]
    if np.ptp(target) == 0 or np.ptp(predicted) == 0:
        return 0.0
    return float(kendalltau(target, predicted).statistic)
