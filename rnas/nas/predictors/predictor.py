"""The contract of a predictor."""

from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Predictor(Protocol):
    """A regression with an uncertainty. Registered under ``rnas.predictors``; deterministic."""

    def fit(self, features: Floats, target: Floats) -> Self:
        """Fit features (n, f), n >= 2, to targets (n,), all finite."""

    def predict(self, features: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation (n,) of a new result at features (n, f), its noise included, in its units."""
