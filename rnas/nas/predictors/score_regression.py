"""What regressions without an uncertainty have in common: a calibrated spread."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from rnas.nas.predictors.calibration import Spread, folds
from rnas.nas.predictors.on_normal_scores import OnNormalScores

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


class ScoreRegression(OnNormalScores):
    """Fits a regression to normal scores of the target; its spread is that of what cross-validation got wrong."""

    def _fit(self, inputs: Floats, scores: Floats) -> None:
        fold = folds(len(scores))
        self._regression = self._regress(inputs, scores, fold)
        self._spread = Spread(inputs, scores - self._regression.held_out, fold)

    def _predict(self, inputs: Floats) -> tuple[Floats, Floats]:
        scores = self._regression.predict(inputs)
        return scores, self._spread.at(inputs, scores)

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
