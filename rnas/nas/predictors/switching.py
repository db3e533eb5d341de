"""Choose the best predictor by cross-validation at each fit, as in NSGANetV2 (Lu et al., ECCV 2020)."""

from typing import Self

import numpy as np

from rnas import registry
from rnas._typing import Floats
from rnas.nas.predictors.predictor import Predictor
from rnas.nas.predictors.validation import fold_taus

NAMES = ("gaussian-process", "support-vector", "radial-basis", "gradient-boosting", "mlp-ensemble")

_CHOSEN_ON = 100
"""Largest number of points to choose on, so that the time of the choice is bounded."""

_FEWEST = 12
"""Smallest number of points to choose on; with fewer, tau is mostly noise, and the first predictor is used."""


class Switching:
    """The predictor with the highest Kendall's tau over three folds, as mean minus standard deviation.

    The choice takes about a second of CPU time, whatever the number of points.

    Args:
        names: names of registered predictors to choose from, at least one; the first of equal ones is used.

    Attributes:
        chosen: name of the predictor that was fitted last.
        worth: value of each name in the choice; empty if there were fewer than 12 points.

    Raises:
        InputError: a name is not registered.
    """

    def __init__(self, names: tuple[str, ...] = NAMES) -> None:
        self._predictors = {name: registry.load_or_import(registry.PREDICTORS, name) for name in names}

    def fit(self, features: Floats, target: Floats) -> Self:
        """Choose a predictor and fit it; see :meth:`rnas.nas.predictors.predictor.Predictor.fit`."""
        self.worth: dict[str, float] = {}
        if len(target) >= _FEWEST and np.ptp(target) > 0:
            rows = np.linspace(0, len(target) - 1, min(len(target), _CHOSEN_ON)).astype(int)
            for name, predictor in self._predictors.items():
                taus = fold_taus(predictor, features[rows], target[rows])
                self.worth[name] = float(taus.mean() - taus.std())
        self.chosen = max(self._predictors, key=lambda name: self.worth.get(name, 0.0))
        self._fitted: Predictor = self._predictors[self.chosen]().fit(features, target)
        return self

    def predict(self, features: Floats) -> tuple[Floats, Floats]:
        """Predict by the chosen predictor; see :meth:`rnas.nas.predictors.predictor.Predictor.predict`."""
        return self._fitted.predict(features)
