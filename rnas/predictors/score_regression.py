"""What regressions without an uncertainty have in common: normal scores of the target and a calibrated spread."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from rnas.predictors.calibration import Spread, folds
from rnas.predictors.normal_scores import NormalScores

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Setting = TypeVar("Setting")


@dataclass(frozen=True)
class Regression:
    """A fitted regression.

    Attributes:
        predict: from inputs (m, f) to scores (m,).
        held_out: (n,) scores of the fitted points, each predicted without its fold.
    """

    predict: Callable[[Floats], Floats]
    held_out: Floats


class ScoreRegression(ABC):
    """Fits a regression to normal scores of the target; its spread is that of what cross-validation got wrong.

    Features are taken as they come, so that their scales are their weights; only their overall scale, the root mean
    square distance of two points, is divided out. Where all targets are equal, they are predicted with certainty.
    """

    def fit(self, features: Floats, target: Floats) -> Self:
        """See :meth:`rnas.predictors.predictor.Predictor.fit`."""
        self._constant = float(target[0]) if np.ptp(target) == 0 else None
        if self._constant is not None:
            return self
        self._scale = np.sqrt(2 * features.var(axis=0).sum()) or 1.0
        inputs = features / self._scale
        self._warp = NormalScores(target)
        fold = folds(len(target))
        self._regression = self._regress(inputs, self._warp.scores, fold)
        self._spread = Spread(inputs, self._warp.scores - self._regression.held_out, fold)
        return self

    def predict(self, features: Floats) -> tuple[Floats, Floats]:
        """See :meth:`rnas.predictors.predictor.Predictor.predict`."""
        if self._constant is not None:
            return np.full(len(features), self._constant), np.zeros(len(features))
        if len(features) == 0:
            return np.empty(0), np.empty(0)
        inputs = features / self._scale
        scores = self._regression.predict(inputs)
        return self._warp.moments(scores, self._spread.at(inputs, scores))

    @abstractmethod
    def _regress(self, inputs: Floats, scores: Floats, fold: Integers) -> Regression:
        """A regression of scores (n,) on inputs (n, f), n >= 2, with its predictions of each of the folds (n,)."""


def held_out(
    fit: Callable[[Floats, Floats], Callable[[Floats], Floats]], inputs: Floats, scores: Floats, fold: Integers
) -> Floats:
    """Scores (n,) of inputs (n, f), each predicted by a fit to the other folds."""
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
    """The fit with the setting of least squared error in cross-validation."""
    tried = [held_out(partial(fit, setting), inputs, scores, fold) for setting in settings]
    best = int(np.argmin([np.square(scores - predicted).sum() for predicted in tried]))
    return Regression(fit(settings[best], inputs, scores), tried[best])
