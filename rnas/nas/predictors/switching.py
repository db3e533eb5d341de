"""The predictor that cross-validation finds best, chosen anew at each fit (after NSGANetV2: Lu et al., ECCV 2020)."""

from typing import Self

import numpy as np
from numpy.typing import NDArray

from rnas import registry
from rnas.nas.predictors.predictor import Predictor
from rnas.nas.predictors.validation import fold_taus

Floats = NDArray[np.float64]

NAMES = ("gaussian-process", "support-vector", "radial-basis", "gradient-boosting", "mlp-ensemble")

_CHOSEN_ON = 100
"""Most points to choose on, so that the time of the choice does not grow with the points."""

_FEWEST = 12
"""With fewer, taus are chance, and the first is taken."""


class Switching:
    """Fits the predictor with the highest Kendall tau in three folds, their mean less their standard deviation.

    The choice takes about a second of CPU time, whatever the number of points.

    Args:
        names: of the registered predictors to choose from, at least one; of equal ones the first is taken.

    Attributes:
        chosen: name of the predictor that was fitted last.
        worth: what each of the names reached in the choice; empty where there were fewer than 12 points.

    Raises:
        InputError: a name is not registered.
    """

    def __init__(self, names: tuple[str, ...] = NAMES) -> None:
        self._predictors = {name: registry.load(registry.PREDICTORS, name) for name in names}

    def fit(self, features: Floats, target: Floats) -> Self:
        """See :meth:`rnas.nas.predictors.predictor.Predictor.fit`."""
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
        """See :meth:`rnas.nas.predictors.predictor.Predictor.predict`."""
        return self._fitted.predict(features)
