"""Measure how well a predictor orders the evaluations, by cross-validation."""

from collections.abc import Callable

import numpy as np

from rnas._typing import Floats
from rnas.nas.predictors._checked_prediction import checked_prediction
from rnas.nas.predictors.predictor import Predictor
from rnas.statistics._ranks import kendall_tau

_FOLDS = 3


def cross_validated_tau(predictor: Callable[[], Predictor], features: Floats, target: Floats) -> float:
    """Return Kendall's tau, in [-1, 1], of targets (n,), n >= 4, and their out-of-fold predictions.

    Every third row is a fold, so that each fold has early and late evaluations. Tau is 0 if all targets or all
    predictions are equal.
    """
    return kendall_tau(target, _cross_validated(predictor, features, target))


def fold_taus(predictor: Callable[[], Predictor], features: Floats, target: Floats) -> Floats:
    """Return the tau of :func:`cross_validated_tau` within each of the three folds (3,), n >= 6."""
    predicted = _cross_validated(predictor, features, target)
    return np.array([kendall_tau(target[part::_FOLDS], predicted[part::_FOLDS]) for part in range(_FOLDS)])


def _cross_validated(predictor: Callable[[], Predictor], features: Floats, target: Floats) -> Floats:
    fold = np.arange(len(target)) % _FOLDS
    predicted = np.empty(len(target))
    for part in range(_FOLDS):
        rest, out = fold != part, fold == part
        predicted[out] = checked_prediction(predictor().fit(features[rest], target[rest]), features[out])[0]
    return predicted
