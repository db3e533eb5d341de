"""A spread for regressions that have none of their own: how far off they were on points they had not seen."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

FOLDS = 5
"""Most parts of a cross-validation."""

_AT_THE_DATA = (0.95, 0.8, 0.6, 0.4, 0.2)
_CHUNK = 2000


class Spread:
    """The standard deviation of a regression's error, noise included, from its cross-validated residuals.

    The error's variance is s^2 (w + (1 - w) d^2 / D^2), with d the distance to the nearest fitted point and D the root
    mean square of that over the held-out points; s and w, of a few values, are the most likely for normal residuals.
    It is at most what it would be for a target that had nothing to do with its prediction.

    Args:
        inputs: (n, f) points that the regression is fitted to.
        residuals: (n,) targets, of mean 0 and variance 1 or so, less their predictions by the other folds.
        fold: (n,) of each point.
    """

    def __init__(self, inputs: Floats, residuals: Floats, fold: Integers) -> None:
        self._inputs = inputs
        distance = np.empty(len(inputs))
        for held_out in np.unique(fold):
            out = fold == held_out
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
        """Standard deviation (m,) at inputs (m, f) with these predictions (m,)."""
        variance = self._variance * self._shape(nearest(inputs, self._inputs), self._share)
        return np.sqrt(np.minimum(variance, 1.0 + predicted**2))

    def _shape(self, distance: Floats, share: float) -> Floats:
        return share + (1 - share) * (distance / self._typical) ** 2


def folds(n: int) -> Integers:
    """Fold (n,) of each of n >= 2 rows, dealt in turn, so that each has evaluations of all times."""
    return np.arange(n) % min(n, FOLDS)


def nearest(inputs: Floats, points: Floats) -> Floats:
    """Euclidean distance (m,) of inputs (m, f) to the nearest of points (n, f)."""
    # In parts, so that memory stays bounded for a space that is enumerated.
    parts = [cdist(inputs[row : row + _CHUNK], points).min(axis=1) for row in range(0, len(inputs), _CHUNK)]
    return np.concatenate(parts) if parts else np.empty(0)
