"""Predict by smoothing with radial basis functions (Wahba 1990) on normal scores of the target."""

from collections.abc import Callable

from scipy.interpolate import RBFInterpolator

from rnas._typing import Floats, Integers
from rnas.nas.predictors.score_regression import Regression, ScoreRegression, best_of

_SMOOTHINGS = (0.01, 0.1, 0.3, 1.0, 3.0)


class RadialBasis(ScoreRegression):
    """Radial basis functions with a linear kernel and a constant; cross-validation chooses the smoothing."""

    def _regress(self, inputs: Floats, scores: Floats, fold: Integers) -> Regression:
        return best_of(_fit, _SMOOTHINGS, inputs, scores, fold)


def _fit(smoothing: float, inputs: Floats, scores: Floats) -> Callable[[Floats], Floats]:
    predict: Callable[[Floats], Floats] = RBFInterpolator(inputs, scores, smoothing=smoothing, kernel="linear")
    return predict
