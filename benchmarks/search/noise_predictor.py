"""A predictor that knows nothing, to see what a strategy does without what it learns."""

from importlib.metadata import EntryPoint
from typing import Self

import numpy as np

from rnas import registry
from rnas._typing import Floats

NAME = "noise"


class NoisePredictor:
    """Predicts numbers of the targets' mean and spread that have nothing to do with them.

    One fit gives equal features equal predictions; the next fit, to more targets, gives others.
    """

    def fit(self, features: Floats, target: Floats) -> Self:
        """Keep the mean and spread of targets (n,), and how many they are."""
        self._mean, self._std = float(target.mean()), float(target.std()) or 1.0
        self._direction = np.random.default_rng(len(target)).normal(size=features.shape[1])
        return self

    def predict(self, features: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation (n,) at features (n, f)."""
        # Far out, the sine of a number looks like chance.
        noise = np.sqrt(2) * np.sin(1e4 * (features @ self._direction))
        return self._mean + self._std * noise, np.full(len(features), self._std)


def register() -> None:
    """Make the predictor known by its name, in this process."""
    entry = EntryPoint(NAME, f"{__name__}:NoisePredictor", registry.PREDICTORS)
    registry._group(registry.PREDICTORS)[NAME] = (entry,)
