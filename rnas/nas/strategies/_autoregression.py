"""Predict results at one rung from those at the rung below (Kennedy, O'Hagan, Biometrika 2000)."""

from collections.abc import Callable

import numpy as np

from rnas._typing import Floats
from rnas.nas.predictors.predictor import Predictor


class Autoregression:
    """A metric at one rung as a linear function of the same metric at the rung below, plus a predicted remainder.

    The slope is never negative: better results after short training are never taken as a sign of worse results after
    long training.

    Args:
        predictor: function that makes an unfitted predictor, which is fitted to the residuals of the line.
        inputs: (n, f) inputs of the networks that have results at both rungs, n >= 2.
        below: (n,) results at the rung below.
        above: (n,) results at this rung.
    """

    def __init__(self, predictor: Callable[[], Predictor], inputs: Floats, below: Floats, above: Floats) -> None:
        spread = below.var()
        covariance = ((below - below.mean()) * (above - above.mean())).mean()
        self._slope = max(float(covariance / spread), 0.0) if spread > 0 else 0.0
        self._rest = predictor().fit(inputs, above - self._slope * below)

    def lifted(self, inputs: Floats, mean: Floats, std: Floats) -> tuple[Floats, Floats]:
        """Return mean and std (n,) at this rung, given those (n,) at the rung below; std is 0 for known results."""
        rest, rest_std = self._rest.predict(inputs)
        return self._slope * mean + rest, np.hypot(self._slope * std, rest_std)
