"""Choose a batch by the hypervolume that it is expected to add. All points are minimised."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting

from rnas._typing import Floats, Integers
from rnas.nas.front import non_dominated

_MOST_COMPARED = 256
"""Largest number of candidates whose gain is computed with more than two objectives, where a gain costs more."""


@dataclass(frozen=True)
class Posterior:
    """The posterior of the objectives of n genomes, as weighted draws of their points.

    Attributes:
        draws: (k, n, objectives), minimised; each draw of a known objective is its exact value.
        weights: (k,) probabilities of the draws, which add up to 1.
    """

    draws: Floats
    weights: Floats

    @property
    def mean(self) -> Floats:
        """Return the mean (n, objectives); that of a known objective is exact."""
        mean: Floats = self.draws[0] + np.tensordot(self.weights, self.draws - self.draws[0], axes=1)
        return mean

    @property
    def std(self) -> Floats:
        """Return the standard deviation (n, objectives), which is 0 for a known objective."""
        return np.sqrt(np.asarray(np.tensordot(self.weights, (self.draws - self.mean) ** 2, axes=1)))

    @property
    def median(self) -> Floats:
        """Return the median (n, objectives), nearly, since the draws are symmetric in probability."""
        return np.asarray(np.median(self.draws, axis=0))

    def lower_bound(self, kappa: float) -> Floats:
        """Return the lower confidence bound (n, objectives): the mean less ``kappa`` standard deviations."""
        return self.mean - kappa * self.std

    def __getitem__(self, rows: Integers) -> "Posterior":
        return Posterior(self.draws[:, rows], self.weights)


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
        """Scale points (..., objectives) so that the ideal is 0 and the reference is 1."""
        return (points - self.ideal) / (self.reference - self.ideal)

    def scaled_posterior(self, posterior: Posterior) -> Posterior:
        """Return a posterior on the scale of :meth:`scaled`."""
        return Posterior(self.scaled(posterior.draws), posterior.weights)


def hypervolume_gains(points: Floats, front: Floats) -> Floats:
    """Return how much each of points (n, m) alone adds to the hypervolume of a front (k, m); the reference is 1.

    The box between a point and the reference is cut into slices between the front's values of the last objective.
    What a slice gains is a gain in one objective less, over the part of the front that reaches the slice.
    """
    if points.shape[1] == 1:
        best = min(front.min(initial=1.0), 1.0)
        return np.asarray(np.maximum(best - points[:, 0], 0.0))
    front = front[np.argsort(front[:, -1], kind="stable")]
    edges = np.concatenate([[-np.inf], front[:, -1], [1.0]])
    gains = np.zeros(len(points))
    for below in range(len(front) + 1):
        widths = np.minimum(edges[below + 1], 1.0) - np.maximum(points[:, -1], edges[below])
        rows = np.flatnonzero(widths > 0)
        if len(rows):
            reaching = front[:below, :-1]
            if points.shape[1] > 2:
                reaching = reaching[non_dominated(reaching)]
            gains[rows] += widths[rows] * hypervolume_gains(points[rows, :-1], reaching)
    return gains


def expected_gains(posterior: Posterior, front: Floats) -> Floats:
    """Return the expected hypervolume improvement (n,) of each candidate (Emmerich et al., CEC 2011).

    Args:
        posterior: posterior of n candidates, scaled so that the reference is 1.
        front: (k, m) points that count as evaluated.
    """
    gains = np.zeros(posterior.draws.shape[1])
    # The best value of each objective over the draws gains at least as much as any draw.
    possible = np.flatnonzero(hypervolume_gains(posterior.draws.min(axis=0), front) > 0)
    if len(possible):
        draws = posterior.draws[:, possible]
        each = hypervolume_gains(draws.reshape(-1, draws.shape[2]), front).reshape(draws.shape[:2])
        gains[possible] = posterior.weights @ each
    return gains


def choose_next(posterior: Posterior, front: Floats, free: NDArray[np.bool_]) -> int:
    """Return the row of the free candidate with the largest expected hypervolume improvement.

    If no candidate is expected to add anything, the one with the largest standard deviation is returned.

    Args:
        posterior: posterior of n candidates, scaled so that the reference is 1.
        front: (k, m) points that count as evaluated.
        free: (n,) candidates to choose from, at least one.
    """
    rows = np.flatnonzero(free)
    compared = rows
    if front.shape[1] > 2 and len(rows) > _MOST_COMPARED:
        hopeful = posterior.draws[:, rows].min(axis=0)
        layers = NonDominatedSorting().do(hopeful, n_stop_if_ranked=_MOST_COMPARED)
        compared = rows[np.concatenate(layers)[:_MOST_COMPARED]]
    gains = expected_gains(posterior[compared], front)
    if gains.max() > 0:
        return int(compared[gains.argmax()])
    return int(rows[posterior[rows].std.sum(axis=1).argmax()])


def choose_batch(n: int, posterior: Posterior, front: Floats) -> list[int]:
    """Return the rows of the ``n`` candidates to evaluate next, best first.

    Each choice treats the earlier ones as evaluated with their median, so that the batch spreads along the front. Fewer
    rows are returned if there are fewer candidates.
    """
    free = np.ones(posterior.draws.shape[1], dtype=bool)
    chosen: list[int] = []
    for _ in range(min(n, len(free))):
        row = choose_next(posterior, front, free)
        chosen.append(row)
        free[row] = False
        front = np.concatenate([front, posterior[np.array([row])].median])
        front = front[non_dominated(front)]
    return chosen
