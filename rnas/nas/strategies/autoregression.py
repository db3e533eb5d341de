"""From one rung to the next (Kennedy, O'Hagan, Biometrika 2000)."""

from collections.abc import Callable

import numpy as np

from rnas._typing import Floats
from rnas.nas.predictors.predictor import Predictor


class Autoregression:
    """A metric at one rung as a linear function of itself at the rung below, plus what a predictor makes of the rest.

    The slope is never negative: what is better after short training may be no better after long, but is not taken to
    be worse for it.

    Args:
        predictor: makes an unfitted predictor, of what the line leaves over.
        inputs: (n, f) of the networks that have results at both rungs, n >= 2.
        below: (n,) results at the rung below.
        above: (n,) results at this rung.
    """

    def __init__(self, predictor: Callable[[], Predictor], inputs: Floats, below: Floats, above: Floats) -> None:
        spread = below.var()
        covariance = ((below - below.mean()) * (above - above.mean())).mean()
        self._slope = max(float(covariance / spread), 0.0) if spread > 0 else 0.0
        self._rest = predictor().fit(inputs, above - self._slope * below)

    def lifted(self, inputs: Floats, mean: Floats, std: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation (n,) at this rung of what has these (n,) at the rung below, 0 if it is known."""
        rest, rest_std = self._rest.predict(inputs)
        return self._slope * mean + rest, np.hypot(self._slope * std, rest_std)
