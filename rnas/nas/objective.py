"""Define objectives: the metrics that a search trades off, and their directions."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rnas.utils.model import Model


class Objective(Model):
    """Define one objective. ``reference`` is its worst value of interest, where hypervolume starts."""

    metric: str
    direction: Literal["maximize", "minimize"]
    reference: float | None = None

    @property
    def sign(self) -> int:
        """Return 1 to minimise, -1 to maximise: multiplied by it, every objective is minimised."""
        return 1 if self.direction == "minimize" else -1


def minimised(metrics: Mapping[str, NDArray[np.float64]], objectives: Sequence[Objective]) -> NDArray[np.float64]:
    """Return metric columns (n,) as a matrix (n, objectives) in which smaller is better; NaN if not known."""
    return np.stack([objective.sign * metrics[objective.metric] for objective in objectives], axis=1)
