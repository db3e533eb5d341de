"""Predict by support vector regression (Drucker et al., 1997) on normal scores of the target."""

from collections.abc import Callable

from sklearn.svm import SVR

from rnas._typing import Floats, Integers
from rnas.nas.predictors.score_regression import Regression, ScoreRegression, best_of

_GAMMAS = (0.25, 1.0)
_PENALTIES = (0.5, 2.0, 10.0)


class SupportVector(ScoreRegression):
    """Support vector regression with a radial kernel; cross-validation chooses kernel width and penalty."""

    def _regress(self, inputs: Floats, scores: Floats, fold: Integers) -> Regression:
        settings = tuple((gamma, penalty) for gamma in _GAMMAS for penalty in _PENALTIES)
        return best_of(_fit, settings, inputs, scores, fold)


def _fit(setting: tuple[float, float], inputs: Floats, scores: Floats) -> Callable[[Floats], Floats]:
    gamma, penalty = setting
    predict: Callable[[Floats], Floats] = SVR(gamma=gamma, C=penalty, epsilon=0.05).fit(inputs, scores).predict
    return predict
