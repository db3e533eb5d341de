"""Define the contract of a predictor."""

from typing import Protocol, Self

from rnas._typing import Floats


class Predictor(Protocol):
    """A deterministic regression with an uncertainty, registered under ``rnas.predictors``."""

    def fit(self, features: Floats, target: Floats) -> Self:
        """Fit features (n, f), n >= 2, to targets (n,), all finite."""

    def predict(self, features: Floats) -> tuple[Floats, Floats]:
        """Predict mean and std (n,), including noise, of a new result at features (n, f), in the target's units."""
