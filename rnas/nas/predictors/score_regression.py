"""Base class of regressions without an uncertainty of their own, which adds a calibrated one."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np

from rnas._typing import Floats, Integers
from rnas.nas.predictors._calibration import Spread, folds
from rnas.nas.predictors._on_normal_scores import OnNormalScores

Setting = TypeVar("Setting")


@dataclass(frozen=True)
class Regression:
    """A fitted regression.

    Attributes:
        predict: function from inputs (m, f) to scores (m,).
        out_of_fold: (n,) scores of the fitted points, each predicted without its fold.
    """

    predict: Callable[[Floats], Floats]
    out_of_fold: Floats


class ScoreRegression(OnNormalScores):
    """Regression on normal scores of the target, whose uncertainty comes from its errors in cross-validation."""

    def _fit(self, inputs: Floats, scores: Floats) -> None:
        fold = folds(len(scores))
        self._regression = self._regress(inputs, scores, fold)
        self._spread = Spread(inputs, scores - self._regression.out_of_fold, fold)

    def _predict(self, inputs: Floats) -> tuple[Floats, Floats]:
        scores = self._regression.predict(inputs)
        return scores, self._spread.at(inputs, scores)

    @abstractmethod
    def _regress(self, inputs: Floats, scores: Floats, fold: Integers) -> Regression:
        """Fit scores (n,) to inputs (n, f), n >= 2, and predict each of the folds (n,) from the others."""


def cross_validated(
    fit: Callable[[Floats, Floats], Callable[[Floats], Floats]], inputs: Floats, scores: Floats, fold: Integers
) -> Floats:
    """Predict scores (n,) of inputs (n, f), each by a fit to the other folds."""
    predicted = np.empty(len(scores))
    for part in np.unique(fold):
        out = fold == part
        predicted[out] = fit(inputs[~out], scores[~out])(inputs[out])
    return predicted


def best_of(
    fit: Callable[[Setting, Floats, Floats], Callable[[Floats], Floats]],
    settings: tuple[Setting, ...],
    inputs: Floats,
    scores: Floats,
    fold: Integers,
) -> Regression:
    """Return the fit whose setting has the smallest squared error in cross-validation."""
    tried = [cross_validated(partial(fit, setting), inputs, scores, fold) for setting in settings]
    best = int(np.argmin([np.square(scores - predicted).sum() for predicted in tried]))
    return Regression(fit(settings[best], inputs, scores), tried[best])
