"""Predict by a Gaussian process (Rasmussen, Williams 2006) on normal scores of the target."""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from rnas._typing import Floats
from rnas.nas.predictors._on_normal_scores import OnNormalScores

_TUNED_ON = 200
"""Largest number of points that the kernel is tuned on: the cost of a step grows with their cube."""


class GaussianProcess(OnNormalScores):
    """Gaussian process with a Matern 5/2 kernel plus noise, and one length scale.

    Hyperparameters maximise the marginal likelihood. The standard deviation includes noise: it is that of a new result.
    """

    def _fit(self, inputs: Floats, scores: Floats) -> None:
        # Points are spread evenly over the order of the targets, so that few points still cover the whole range.
        tuned_on = np.argsort(scores, kind="stable")[np.linspace(0, len(scores) - 1, _TUNED_ON).astype(int)]
        tuned_on = tuned_on if len(scores) > _TUNED_ON else np.arange(len(scores))
        kernel = ConstantKernel(1.0, (1e-2, 1e2)) * Matern(1.0, (0.1, 30.0), nu=2.5) + WhiteKernel(1e-2, (1e-4, 1.0))
        with warnings.catch_warnings():
            # A hyperparameter at its bound is no reason for a warning.
            warnings.simplefilter("ignore", ConvergenceWarning)
            self._process = GaussianProcessRegressor(kernel).fit(inputs[tuned_on], scores[tuned_on])
            if len(tuned_on) < len(scores):
                self._process = GaussianProcessRegressor(self._process.kernel_, optimizer=None).fit(inputs, scores)

    def _predict(self, inputs: Floats) -> tuple[Floats, Floats]:
        mean, std = self._process.predict(inputs, return_std=True)
        return mean, std
