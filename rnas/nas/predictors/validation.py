"""How far a predictor can be trusted on the evaluations at hand."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kendalltau

from rnas.nas.predictors.checked_prediction import checked_prediction
from rnas.nas.predictors.predictor import Predictor

Floats = NDArray[np.float64]

_FOLDS = 3


def cross_validated_tau(predictor: Callable[[], Predictor], features: Floats, target: Floats) -> float:
    """Kendall's tau, in [-1, 1], of targets (n,), n >= 4, and their predictions by the other two thirds.

    Every third row is a fold, so that each has evaluations of all times. 0 where the targets or the predictions have
    no order.
    """
    return _tau(target, _held_out(predictor, features, target))


def fold_taus(predictor: Callable[[], Predictor], features: Floats, target: Floats) -> Floats:
    """The same as :func:`cross_validated_tau` within each of the three folds (3,), n >= 6."""
    predicted = _held_out(predictor, features, target)
    return np.array([_tau(target[part::_FOLDS], predicted[part::_FOLDS]) for part in range(_FOLDS)])


def _held_out(predictor: Callable[[], Predictor], features: Floats, target: Floats) -> Floats:
    fold = np.arange(len(target)) % _FOLDS
    predicted = np.empty(len(target))
    for part in range(_FOLDS):
        rest, out = fold != part, fold == part
        predicted[out] = checked_prediction(predictor().fit(features[rest], target[rest]), features[out])[0]
    return predicted


def _tau(target: Floats, predicted: Floats) -> float:
    if np.ptp(target) == 0 or np.ptp(predicted) == 0:
        return 0.0
    return float(kendalltau(target, predicted).statistic)
