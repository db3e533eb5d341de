"""Base class of predictors on normal scores of the target."""

from abc import ABC, abstractmethod
from typing import Self

import numpy as np

from rnas._typing import Floats
from rnas.nas.predictors._normal_scores import NormalScores


class OnNormalScores(ABC):
    """A predictor that is fitted to normal scores of the target.

    Features are not scaled one by one, so that their scales are their weights; they are only divided by their common
    scale, the root mean square distance of two points. If all targets are equal, they are predicted with std 0.
    """

    def fit(self, features: Floats, target: Floats) -> Self:
        """Fit to targets; see :meth:`rnas.nas.predictors.predictor.Predictor.fit`."""
        self._constant = float(target[0]) if np.ptp(target) == 0 else None
        if self._constant is None:
            self._scale = np.sqrt(2 * features.var(axis=0).sum()) or 1.0
            self._warp = NormalScores(target)
            self._fit(features / self._scale, self._warp.scores)
        return self

    def predict(self, features: Floats) -> tuple[Floats, Floats]:
        """Predict new results; see :meth:`rnas.nas.predictors.predictor.Predictor.predict`."""
        if self._constant is not None:
            return np.full(len(features), self._constant), np.zeros(len(features))
        if len(features) == 0:
            return np.empty(0), np.empty(0)
        return self._warp.moments(*self._predict(features / self._scale))

    @abstractmethod
    def _fit(self, inputs: Floats, scores: Floats) -> None:
        """Fit to inputs (n, f) and their scores (n,), n >= 2, not all of them equal."""

    @abstractmethod
    def _predict(self, inputs: Floats) -> tuple[Floats, Floats]:
        """Return mean and standard deviation (m,) of the scores of inputs (m, f), m >= 1."""
