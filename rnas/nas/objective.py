"""Define objectives: the metrics that a search trades off, and their directions."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rnas.utils.model import Model


class Objective(Model):
    """Define one objective."""

    metric: str
    """Name of a metric, such as robust_accuracy or flops."""
    direction: Literal["maximize", "minimize"]
    """Direction in which the metric is better."""
    reference: float | None = None
    """Worst value of interest, where hypervolume starts; None is the metric's worst possible value."""

    @property
    def sign(self) -> int:
        """Return 1 to minimise, -1 to maximise: multiplied by it, every objective is minimised."""
        return 1 if self.direction == "minimize" else -1


def minimised(metrics: Mapping[str, NDArray[np.float64]], objectives: Sequence[Objective]) -> NDArray[np.float64]:
    """Return metric columns (n,) as a matrix (n, objectives) in which smaller is better; NaN if not known."""
    return np.stack([objective.sign * metrics[objective.metric] for objective in objectives], axis=1)
