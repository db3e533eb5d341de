"""Predict by a Gaussian process (Rasmussen, Williams 2006)."""

from typing import Self

import numpy as np
from scipy.linalg import cholesky, solve_triangular
from scipy.linalg.lapack import dpotri as lower_inverse
from scipy.optimize import minimize
from scipy.spatial.distance import cdist

from rnas._typing import Floats

_TUNED_ON = 150
"""Largest number of points that the kernel is tuned on: the cost of a step grows with their cube."""

_LIKELY_LENGTH, _LIKELY_NOISE = 1.5, 0.05
_LENGTH_SPREAD, _NOISE_SPREAD, _RELEVANCE_SPREAD = 1.0, 1.5, 0.85
_LENGTHS, _NOISES, _RELEVANCES = (0.1, 30.0), (0.002, 1.0), (0.002, 50.0)
_STEPS = 40

_OUTLIER = 6.0
"""Number of robust standard deviations from the median at which a target is cut."""

_CHUNK = 4000


class GaussianProcess:
    """Gaussian process with a Matern 5/2 kernel plus noise that learns how relevant each feature is.

    Features are not scaled one by one, so that their scales are their weights before there are results. The results
    then multiply the square of each feature's weight by its relevance. Relevances, one length scale (in units of the
    root mean square distance of two points) and the share of noise (its variance over that of the function) are the
    most probable ones under log-normal priors, which keep them from extremes when results are few; the variance of the
    function is the most likely one, corrected for what the relevances have fitted. Targets far from the median are cut
    to six robust standard deviations. The standard deviation includes noise: it is that of a new result. If all targets
    are equal, they are predicted with std 0.
    """

    weighs_features = True
    """Inputs that may be irrelevant do little harm."""

    noise_std = 0.0
    """Standard deviation of results around the fitted function, in the targets' units."""

    def fit(self, features: Floats, target: Floats) -> Self:
        """Fit to targets; see :meth:`rnas.nas.predictors.predictor.Predictor.fit`."""
        self._constant = float(target[0]) if np.ptp(target) == 0 else None
        if self._constant is not None:
            return self
        self._centre, self._unit, values = _standardised(target)
        # Points are spread evenly over the order of the targets, so that few points still cover the whole range.
        tuned_on = np.argsort(values, kind="stable")[np.linspace(0, len(values) - 1, _TUNED_ON).astype(int)]
        tuned_on = tuned_on if len(values) > _TUNED_ON else np.arange(len(values))
        common = 1 / (float(np.sqrt(2 * features.var(axis=0).sum())) or 1.0)
        factors, self._noise, used = _tuned(common * features[tuned_on], values[tuned_on])
        self._scales = common * factors
        self._features = features * self._scales
        kernel = _matern(cdist(self._features, self._features))
        self._root = np.linalg.cholesky(kernel + self._noise * np.eye(len(values)))
        self._weights = solve_triangular(self._root, values, lower=True)
        # What the relevances have fitted is not left to estimate the variance from.
        free = max(len(values) - used, len(values) / 2)
        self._variance = float(self._weights @ self._weights) / free
        self.noise_std = self._unit * float(np.sqrt(self._variance * self._noise))
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
        covariance = _matern(cdist(self._features, features * self._scales))
        explained = solve_triangular(self._root, covariance, lower=True)
        left = np.maximum(1 - (explained**2).sum(axis=0), 0) + self._noise
        return np.stack([self._weights @ explained, self._variance * left])


def _tuned(features: Floats, values: Floats) -> tuple[Floats, float, float]:
    """Tune the kernel to values (n,) at features (n, f).

    Returns:
        The factor (f,) to multiply each feature by, the share of noise, and how many degrees of freedom the relevances
        have used: the sum of their squared distances from the centres of the priors, in standard deviations.
    """
    n, count = features.shape
    features = features - features.mean(axis=0)
    squares = features**2
    centres = np.log([_LIKELY_LENGTH, _LIKELY_NOISE, *np.ones(count)])
    spreads = np.array([_LENGTH_SPREAD, _NOISE_SPREAD, *np.full(count, _RELEVANCE_SPREAD)])

    def loss(logarithms: Floats) -> tuple[float, Floats]:
        """Return the negative log density of the values and of length, noise and relevances, and its gradient."""
        relevances = np.exp(logarithms[2:] - 2 * logarithms[0])
        noise = np.exp(logarithms[1])
        weighted = features * np.sqrt(5 * relevances)
        scaled = cdist(weighted, weighted)
        decay = np.exp(-scaled)
        slopes = (1 + scaled) * decay
        covariance = slopes + scaled**2 * (decay / 3)
        covariance.flat[:: n + 1] += noise
        root = cholesky(covariance, lower=True, overwrite_a=True, check_finite=False)
        inverse = lower_inverse(root, lower=True)[0]
        inverse += np.tril(inverse, -1).T
        weights = inverse @ values
        variance = float(values @ weights) / n
        from_prior = (logarithms - centres) / spreads
        density = 0.5 * n * np.log(variance) + np.log(np.diag(root)).sum() + 0.5 * from_prior @ from_prior
        slope = 0.5 * (inverse - np.outer(weights, weights) / variance)
        # The sum over pairs of points of slopes times squared differences of a feature, without a matrix a feature.
        slopes *= slope
        differences = slopes.sum(axis=0) @ squares - (features * (slopes @ features)).sum(axis=0)
        by_relevance = -5 / 3 * relevances * differences
        gradient = np.array([-2 * by_relevance.sum(), noise * np.trace(slope), *by_relevance])
        return density, gradient + from_prior / spreads

    bounds = np.log([_LENGTHS, _NOISES, *[_RELEVANCES] * count])
    found = minimize(loss, centres, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": _STEPS}).x
    used = float(((found[2:] / _RELEVANCE_SPREAD) ** 2).sum())
    return np.exp(found[2:] / 2 - found[0]), float(np.exp(found[1])), used


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
