"""Support vector regression (Drucker et al., 1997) with a radial kernel, on normal scores of the target."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sklearn.svm import SVR

from rnas.nas.predictors.score_regression import Regression, ScoreRegression, best_of

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_GAMMAS = (0.25, 1.0)
_PENALTIES = (0.5, 2.0, 10.0)


class SupportVector(ScoreRegression):
    """Kernel width and penalty are chosen by cross-validation."""

    def _regress(self, inputs: Floats, scores: Floats, fold: Integers) -> Regression:
        settings = tuple((gamma, penalty) for gamma in _GAMMAS for penalty in _PENALTIES)
        return best_of(_fit, settings, inputs, scores, fold)


def _fit(setting: tuple[float, float], inputs: Floats, scores: Floats) -> Callable[[Floats], Floats]:
    gamma, penalty = setting
    predict: Callable[[Floats], Floats] = SVR(gamma=gamma, C=penalty, epsilon=0.05).fit(inputs, scores).predict
    return predict
