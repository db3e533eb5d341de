"""Map an objective to a scale on which networks near the best result differ as much as poor ones do."""

from functools import cache

import numpy as np
from scipy.stats import norm, qmc

from rnas._typing import Floats

_NODES = 9
_DRAWS = 32


class LogDistance:
    """The logarithm of the distance to a point beyond the best result, for an objective that is minimised.

    The point is as far beyond the best result as the median result is behind it. So errors of poor networks are
    compressed, and a regression does not mainly fit these; a normal error on this scale is larger for poor networks.

    Args:
        sample: (n,) finite values, minimised.
    """

    def __init__(self, sample: Floats) -> None:
        best = float(sample.min())
        # A sample of which most values are the best one still needs a scale. The mean of equal values is rounded and
        # can be below all of them, but the mean of their distances is exactly 0.
        margin = float(np.median(sample)) - best or float((sample - best).mean()) or 1.0
        self._origin = best - margin
        self.scores: Floats = np.log(sample - self._origin)
        # No prediction is far worse than all results, so that moments are finite.
        self._highest = float(self.scores.max()) + 1.0

    def values(self, scores: Floats) -> Floats:
        """Convert scores of any shape to values of the objective."""
        return np.asarray(self._origin + np.exp(np.minimum(scores, self._highest)))

    def moments(self, mean: Floats, std: Floats) -> tuple[Floats, Floats]:
        """Return mean and std (n,) of the objective, given those (n,) of its normally distributed score."""
        nodes, weights = normal_draws(1)
        draws = self.values(mean + std * nodes)
        centre = weights @ draws
        return centre, np.sqrt(weights @ (draws - centre) ** 2)


@cache
def normal_draws(variables: int) -> tuple[Floats, Floats]:
    """Return draws (k, variables) of independent standard normal variables, and their probabilities (k,).

    One variable has the nodes of Gauss-Hermite quadrature; several have a scrambled Sobol sequence, always the same.
    """
    if variables <= 1:
        nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
        return nodes[:, None], weights / weights.sum()
    points = qmc.Sobol(variables, rng=np.random.default_rng(0)).random(_DRAWS)
    return norm.ppf(points), np.full(_DRAWS, 1 / _DRAWS)
