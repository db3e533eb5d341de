"""Provide a predictor without information, to test what a strategy does without learning."""

from importlib.metadata import EntryPoint
from typing import Self

import numpy as np

from rnas import registry
from rnas._typing import Floats

NAME = "noise"


class NoisePredictor:
    """Predict numbers with the mean and the spread of the targets that do not depend on the targets otherwise.

    Within one fit, equal features have equal predictions; a later fit, to more targets, gives other predictions.
    """

    def fit(self, features: Floats, target: Floats) -> Self:
        """Store mean, spread and number of targets (n,)."""
        self._mean, self._std = float(target.mean()), float(target.std()) or 1.0
        self._direction = np.random.default_rng(len(target)).normal(size=features.shape[1])
        return self

    def predict(self, features: Floats) -> tuple[Floats, Floats]:
        """Return mean and standard deviation (n,) at features (n, f)."""
        # The sine of a large number looks random.
        noise = np.sqrt(2) * np.sin(1e4 * (features @ self._direction))
        return self._mean + self._std * noise, np.full(len(features), self._std)


def register() -> None:
    """Register the predictor by its name in this process."""
    entry = EntryPoint(NAME, f"{__name__}:NoisePredictor", registry.PREDICTORS)
    registry._group(registry.PREDICTORS)[NAME] = (entry,)
