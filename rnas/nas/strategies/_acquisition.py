"""Choose a batch by the hypervolume that it is expected to add. All points are minimised."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnas._typing import Floats, Integers
from rnas.nas.front import hypervolume, non_dominated

_WIDER = 2.0
_WIDEST = 64.0


@dataclass(frozen=True)
class Posterior:
    """The posterior of the objectives of genomes.

    Attributes:
        mean: (n, objectives), minimised; a known objective's exact value.
        std: (n, objectives) of the same; 0 for a known objective.
    """

    mean: Floats
    std: Floats

    def lower_bound(self, kappa: float) -> Floats:
        """Return the lower confidence bound (n, objectives): the mean less ``kappa`` standard deviations."""
        return self.mean - kappa * self.std

    def __getitem__(self, rows: Integers) -> "Posterior":
        return Posterior(self.mean[rows], self.std[rows])


@dataclass(frozen=True)
class Box:
    """The box between an ideal and a reference point (objectives,), in which hypervolume is measured."""

    reference: Floats
    ideal: Floats

    @classmethod
    def around(cls, points: Floats, reference: Floats, ideal: Floats) -> "Box":
        """Return a box in which the best and the worst of points (n, objectives) replace NaN in its corners."""
        reference = np.where(np.isnan(reference), points.max(axis=0), reference)
        ideal = np.where(np.isnan(ideal), points.min(axis=0), ideal)
        # A box that has no extent in one objective must still measure the others.
        return cls(np.where(reference > ideal, reference, ideal + 1.0), ideal)

    def scaled(self, points: Floats) -> Floats:
        """Scale points (n, objectives) so that the ideal is 0 and the reference is 1."""
        return (points - self.ideal) / (self.reference - self.ideal)

    def scaled_posterior(self, posterior: Posterior) -> Posterior:
        """Return a posterior on the scale of :meth:`scaled`."""
        return Posterior(self.scaled(posterior.mean), posterior.std / (self.reference - self.ideal))


def hypervolume_gains(points: Floats, front: Floats) -> Floats:
    """Return how much each of points (n, m) alone adds to the hypervolume of a front (k, m); the reference is 1."""
    gains = np.zeros(len(points))
    ones = np.ones(points.shape[1])
    for row in np.flatnonzero((points < 1).all(axis=1)):
        # The front covers as much of the new point's box as its points cover when they are moved into that box.
        covered = np.maximum(front, points[row])
        gains[row] = np.prod(1 - points[row]) - hypervolume(covered, ones)
    return gains


def choose_next(posterior: Posterior, front: Floats, free: NDArray[np.bool_], kappa: float) -> int:
    """Return the row of the free candidate whose lower confidence bound adds most to the hypervolume of ``front``.

    Args:
        posterior: posterior of n candidates, scaled so that the reference is 1.
        front: (k, m) points that count as evaluated.
        free: (n,) candidates to choose from, at least one.
        kappa: number of standard deviations between the bound and the mean. If no candidate adds anything, it is
            doubled several times, and then the candidate with the largest standard deviation is taken.
    """
    rows = np.flatnonzero(free)
    width = kappa
    while width <= _WIDEST:
        points = posterior.lower_bound(width)[rows]
        # A dominated candidate never adds more than the candidate that dominates it.
        best = non_dominated(points)
        gains = hypervolume_gains(points[best], front)
        if gains.max() > 0:
            return int(rows[best[gains.argmax()]])
        width = max(width, 0.5) * _WIDER
    return int(rows[posterior.std[rows].sum(axis=1).argmax()])


def choose_batch(posterior: Posterior, front: Floats, kappas: Sequence[float]) -> list[int]:
    """Return the rows of the candidates to evaluate next, one for each kappa, best first.

    Each choice treats the earlier ones as evaluated with their expected values, so that the batch spreads along the
    front. Fewer rows are returned if there are fewer candidates.
    """
    free = np.ones(len(posterior.mean), dtype=bool)
    chosen: list[int] = []
    for kappa in kappas[: len(free)]:
        row = choose_next(posterior, front, free, kappa)
        chosen.append(row)
        free[row] = False
        front = np.concatenate([front, posterior.mean[row : row + 1]])
        front = front[non_dominated(front)]
    return chosen
