"""A Gaussian process (Rasmussen, Williams 2006) on normal scores of the target."""

import warnings
from typing import Self

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from rnas.predictors.normal_scores import NormalScores

Floats = NDArray[np.float64]

_TUNED_ON = 200
"""Most points that the kernel is tuned on: each step costs their cube."""


class GaussianProcess:
    """Matern 5/2 plus noise, one length scale, hyperparameters by maximum marginal likelihood.

    Features are taken as they come, so that their scales are their weights; only their overall scale, the root mean
    square distance of two points, is divided out. The standard deviation includes noise: it is that of a new result.
    Where all targets are equal, they are predicted with certainty.
    """

    def fit(self, features: Floats, target: Floats) -> Self:
        """See :meth:`rnas.predictors.predictor.Predictor.fit`."""
        self._constant = float(target[0]) if np.ptp(target) == 0 else None
        if self._constant is not None:
            return self
        self._scale = np.sqrt(2 * features.var(axis=0).sum()) or 1.0
        inputs = features / self._scale
        self._warp = NormalScores(target)
        scores = self._warp.scores
        # Evenly over the order of the targets, so that few points still show all of their range.
        tuned_on = np.argsort(target, kind="stable")[np.linspace(0, len(target) - 1, _TUNED_ON).astype(int)]
        tuned_on = tuned_on if len(target) > _TUNED_ON else np.arange(len(target))
        kernel = ConstantKernel(1.0, (1e-2, 1e2)) * Matern(1.0, (0.1, 30.0), nu=2.5) + WhiteKernel(1e-2, (1e-4, 1.0))
        with warnings.catch_warnings():
            # A hyperparameter at its bound is what the bounds are for.
            warnings.simplefilter("ignore", ConvergenceWarning)
            self._process = GaussianProcessRegressor(kernel).fit(inputs[tuned_on], scores[tuned_on])
            if len(tuned_on) < len(target):
                self._process = GaussianProcessRegressor(self._process.kernel_, optimizer=None).fit(inputs, scores)
        return self

    def predict(self, features: Floats) -> tuple[Floats, Floats]:
        """See :meth:`rnas.predictors.predictor.Predictor.predict`."""
        if self._constant is not None:
            return np.full(len(features), self._constant), np.zeros(len(features))
        if len(features) == 0:
            return np.empty(0), np.empty(0)
        mean, std = self._process.predict(features / self._scale, return_std=True)
        return self._warp.moments(mean, std)
