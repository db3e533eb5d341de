"""Estimate the uncertainty of regressions that have none of their own, from their errors on unseen points."""

import numpy as np
from scipy.spatial.distance import cdist

from rnas._typing import Floats, Integers

FOLDS = 5
"""Largest number of folds of a cross-validation."""

_AT_THE_DATA = (0.95, 0.8, 0.6, 0.4, 0.2)
_CHUNK = 2000


class Spread:
    """The standard deviation of a regression's error, noise included, from its cross-validated residuals.

    The variance of the error is s^2 (w + (1 - w) d^2 / D^2), where d is the distance to the nearest fitted point and D
    the root mean square of this distance over the out-of-fold points. s and w are the values, from a short list, with
    the highest likelihood for normal residuals. The variance is at most that of a target that does not depend on its
    prediction.

    Args:
        inputs: (n, f) points that the regression was fitted to.
        residuals: (n,) targets, with mean about 0 and variance about 1, minus their predictions from the other folds.
        fold: (n,) index of the fold of each point.
    """

    def __init__(self, inputs: Floats, residuals: Floats, fold: Integers) -> None:
        self._inputs = inputs
        distance = np.empty(len(inputs))
        for number in np.unique(fold):
            out = fold == number
            distance[out] = nearest(inputs[out], inputs[~out])
        self._typical = np.sqrt(np.mean(distance**2)) or 1.0
        shapes = [self._shape(distance, share) for share in _AT_THE_DATA]
        variances = [np.mean(residuals**2 / shape) for shape in shapes]
        unlikely = [
            len(residuals) * np.log(variance + 1e-12) + np.log(shape).sum()
            for variance, shape in zip(variances, shapes, strict=True)
        ]
        best = int(np.argmin(unlikely))
        self._share, self._variance = _AT_THE_DATA[best], variances[best]

    def at(self, inputs: Floats, predicted: Floats) -> Floats:
        """Return the standard deviation (m,) at inputs (m, f) with these predictions (m,)."""
        variance = self._variance * self._shape(nearest(inputs, self._inputs), self._share)
        return np.sqrt(np.minimum(variance, 1.0 + predicted**2))

    def _shape(self, distance: Floats, share: float) -> Floats:
        return share + (1 - share) * (distance / self._typical) ** 2


def folds(n: int) -> Integers:
    """Assign n >= 2 rows to folds (n,) in turn, so that each fold has early and late evaluations."""
    return np.arange(n) % min(n, FOLDS)


def nearest(inputs: Floats, points: Floats) -> Floats:
    """Return the Euclidean distance (m,) of inputs (m, f) to the nearest of points (n, f)."""
    # Inputs are processed in parts, so that memory is bounded for a space that is enumerated.
    parts = [cdist(inputs[row : row + _CHUNK], points).min(axis=1) for row in range(0, len(inputs), _CHUNK)]
    return np.concatenate(parts) if parts else np.empty(0)
