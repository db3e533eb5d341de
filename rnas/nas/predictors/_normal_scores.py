"""Map a target to normal scores and back, so that its order counts and its outliers do not."""

import numpy as np

from rnas._typing import Floats
from rnas.statistics._ranks import normal_scores

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(15)
_TAIL = 0.1


class NormalScores:
    """An invertible form of the rank-based inverse normal transformation of a sample.

    Accuracies of networks have a long tail of failures and lie close together near the front. A regression on
    standardised values mainly fits the tail; on normal scores it also separates the networks near the front.

    Between the sample's values the map is linear; outside, it continues with the mean slope of the nearest tenth.

    Args:
        sample: (n,) finite values, of which at least two are different.
    """

    def __init__(self, sample: Floats) -> None:
        self.scores: Floats = normal_scores(sample)
        self._values, first = np.unique(sample, return_index=True)
        self._at = self.scores[first]
        tail = max(1, int(_TAIL * len(self._values)))
        low, high = slice(0, tail + 1), slice(-tail - 1, None)
        self._slope_below = np.ptp(self._values[low]) / np.ptp(self._at[low])
        self._slope_above = np.ptp(self._values[high]) / np.ptp(self._at[high])

    def values(self, scores: Floats) -> Floats:
        """Convert scores of any shape to values of the target."""
        below = np.minimum(scores - self._at[0], 0.0) * self._slope_below
        above = np.maximum(scores - self._at[-1], 0.0) * self._slope_above
        return np.asarray(np.interp(scores, self._at, self._values) + below + above)

    def moments(self, mean: Floats, std: Floats) -> tuple[Floats, Floats]:
        """Return mean and std (n,) of the target, given those (n,) of its normally distributed score."""
        values = self.values(mean[:, None] + std[:, None] * _NODES)
        weights = _WEIGHTS / _WEIGHTS.sum()
        centre = values @ weights
        return centre, np.sqrt((values - centre[:, None]) ** 2 @ weights)
