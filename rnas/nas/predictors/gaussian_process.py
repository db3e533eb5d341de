"""Predict by a Gaussian process (Rasmussen, Williams 2006)."""

from typing import Self

import numpy as np
from scipy.linalg import solve_triangular
from scipy.spatial.distance import cdist

from rnas._typing import Floats

_TUNED_ON = 200
"""Largest number of points that the kernel is tuned on: the cost of a step grows with their cube."""

_LENGTHS = np.geomspace(0.3, 10.0, 8)
"""Length scales to choose from, in units of the root mean square distance of two points."""

_NOISES = np.geomspace(0.002, 1.0, 6)
"""Shares of noise to choose from: its variance over that of the function."""

_LIKELY_LENGTH, _LIKELY_NOISE = 1.5, 0.05
_LENGTH_SPREAD, _NOISE_SPREAD = 1.0, 1.5

_OUTLIER = 6.0
"""Number of robust standard deviations from the median at which a target is cut."""

_CHUNK = 4000


class GaussianProcess:
    """Gaussian process with a Matern 5/2 kernel plus noise, and one length scale.

    Features are not scaled one by one, so that their scales are their weights. Length scale and share of noise are the
    most probable ones of a grid, under log-normal priors that keep them from extremes when results are few; the
    variance of the function is the most likely one. Targets far from the median are cut to six robust standard
    deviations. The standard deviation includes noise: it is that of a new result.

    Attributes:
        evidence: logarithm of the probability density of the targets, on the scale on which they are fitted, and of
            the hyperparameters. Of two sets of features for the same targets, that with the larger evidence is the
            more probable. It is infinite if all targets are equal, which are predicted with std 0.
    """

    evidence: float

    def fit(self, features: Floats, target: Floats) -> Self:
        """Fit to targets; see :meth:`rnas.nas.predictors.predictor.Predictor.fit`."""
        self._constant = float(target[0]) if np.ptp(target) == 0 else None
        self.evidence = np.inf
        if self._constant is not None:
            return self
        self._centre, self._unit, values = _standardised(target)
        self._scale = np.sqrt(2 * features.var(axis=0).sum()) or 1.0
        self._features = features / self._scale
        # Points are spread evenly over the order of the targets, so that few points still cover the whole range.
        tuned_on = np.argsort(values, kind="stable")[np.linspace(0, len(values) - 1, _TUNED_ON).astype(int)]
        tuned_on = tuned_on if len(values) > _TUNED_ON else np.arange(len(values))
        self._tune(self._features[tuned_on], values[tuned_on])
        kernel = _matern(cdist(self._features, self._features) / self._length)
        self._root = np.linalg.cholesky(kernel + self._noise * np.eye(len(values)))
        self._weights = solve_triangular(self._root, values, lower=True)
        self._variance = float(self._weights @ self._weights) / len(values)
        return self

    def predict(self, features: Floats) -> tuple[Floats, Floats]:
        """Predict new results; see :meth:`rnas.nas.predictors.predictor.Predictor.predict`."""
        if self._constant is not None:
            return np.full(len(features), self._constant), np.zeros(len(features))
        # Features are processed in parts, so that memory is bounded for a space that is enumerated.
        parts = [self._predict(features[row : row + _CHUNK]) for row in range(0, len(features), _CHUNK)]
        mean, variance = np.concatenate(parts, axis=1) if parts else np.empty((2, 0))
        return self._centre + self._unit * mean, self._unit * np.sqrt(variance)

    def _predict(self, features: Floats) -> Floats:
        """Return mean and variance (2, n) of standardised results."""
        covariance = _matern(cdist(self._features, features / self._scale) / self._length)
        explained = solve_triangular(self._root, covariance, lower=True)
        left = np.maximum(1 - (explained**2).sum(axis=0), 0) + self._noise
        return np.stack([self._weights @ explained, self._variance * left])

    def _tune(self, features: Floats, values: Floats) -> None:
        """Choose length scale and noise for standardised values (n,)."""
        n = len(values)
        distances = cdist(features, features)
        self.evidence = -np.inf
        for length in _LENGTHS:
            eigenvalues, vectors = np.linalg.eigh(_matern(distances / length))
            energy = (vectors.T @ values) ** 2
            for noise in _NOISES:
                spectrum = np.maximum(eigenvalues, 0) + noise
                density = -0.5 * (n * np.log((energy / spectrum).sum() / n) + np.log(spectrum).sum())
                density -= 0.5 * (np.log(length / _LIKELY_LENGTH) / _LENGTH_SPREAD) ** 2
                density -= 0.5 * (np.log(noise / _LIKELY_NOISE) / _NOISE_SPREAD) ** 2
                if density > self.evidence:
                    self.evidence, self._length, self._noise = float(density), float(length), float(noise)


def _standardised(target: Floats) -> tuple[float, float, Floats]:
    """Return centre and unit of targets (n,), not all of them equal, and the targets on that scale, without
    outliers."""
    middle = float(np.median(target))
    low, high = np.quantile(target, [0.25, 0.75])
    robust = (high - low) / 1.349
    if robust > 0:
        target = np.clip(target, middle - _OUTLIER * robust, middle + _OUTLIER * robust)
    centre, unit = float(target.mean()), float(target.std()) or 1.0
    return centre, unit, (target - centre) / unit


def _matern(distances: Floats) -> Floats:
    """Return the Matern 5/2 correlation at distances in units of the length scale."""
    scaled = np.sqrt(5.0) * distances
    return np.asarray((1 + scaled + scaled**2 / 3) * np.exp(-scaled))
