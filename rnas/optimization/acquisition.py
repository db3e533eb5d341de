"""Selection a batch by the hypervolume that it is hoped to add. All points are minimised."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnas.cost import Integers
from rnas.optimization.front import hypervolume, non_dominated

Floats = NDArray[np.float64]

_WIDER = 2.0
_WIDEST = 64.0


@dataclass(frozen=True)
class Beliefs:
    """What is expected of genomes.

    Attributes:
        mean: (n, objectives), minimised; a known objective's exact value.
        std: (n, objectives) of the same; 0 for a known objective.
    """

    mean: Floats
    std: Floats

    def optimistic(self, optimism: float) -> Floats:
        """Return points (n, objectives) improved by a number of standard deviations."""
        return self.mean - optimism * self.std

    def __getitem__(self, rows: Integers) -> "Beliefs":
        return Beliefs(self.mean[rows], self.std[rows])


@dataclass(frozen=True)
class Box:
    """Where hypervolume is measured: between an ideal and a reference point (objectives,)."""

    reference: Floats
    ideal: Floats

    @classmethod
    def around(cls, points: Floats, reference: Floats, ideal: Floats) -> "Box":
        """A box with NaN in either corner replaced by the worst and the best of points (n, objectives)."""
        reference = np.where(np.isnan(reference), points.max(axis=0), reference)
        ideal = np.where(np.isnan(ideal), points.min(axis=0), ideal)
        # A box without extent in an objective still has to measure the others.
        return cls(np.where(reference > ideal, reference, ideal + 1.0), ideal)

    def scaled(self, points: Floats) -> Floats:
        """Points (n, objectives) with the ideal at 0 and the reference at 1."""
        return (points - self.ideal) / (self.reference - self.ideal)

    def scaled_beliefs(self, beliefs: Beliefs) -> Beliefs:
        """Beliefs on the scale of :meth:`scaled`."""
        return Beliefs(self.scaled(beliefs.mean), beliefs.std / (self.reference - self.ideal))


def hypervolume_gains(points: Floats, front: Floats) -> Floats:
    """What each of points (n, m) alone would add to the hypervolume of a front (k, m); the reference is 1."""
    gains = np.zeros(len(points))
    ones = np.ones(points.shape[1])
    for row in np.flatnonzero((points < 1).all(axis=1)):
        # Of the new point's box the front covers what its points, moved into that box, cover.
        covered = np.maximum(front, points[row])
        gains[row] = np.prod(1 - points[row]) - hypervolume(covered, ones)
    return gains


def choose_next(beliefs: Beliefs, front: Floats, free: NDArray[np.bool_], optimism: float) -> int:
    """Row of the free candidate that adds most to the hypervolume of ``front``, seen with some optimism.

    Args:
        beliefs: of n candidates, on the scale on which the reference is 1.
        front: (k, m) points that count as evaluated.
        free: (n,) candidates to choose from, at least one.
        optimism: standard deviations that a candidate is taken to be better than expected; where that promises
            nothing it is doubled, and in the end the least known candidate is taken.
    """
    rows = np.flatnonzero(free)
    width = optimism
    while width <= _WIDEST:
        points = beliefs.optimistic(width)[rows]
        # A dominated candidate never adds more than the one that dominates it.
        best = non_dominated(points)
        gains = hypervolume_gains(points[best], front)
        if gains.max() > 0:
            return int(rows[best[gains.argmax()]])
        width = max(width, 0.5) * _WIDER
    return int(rows[beliefs.std[rows].sum(axis=1).argmax()])


def choose_batch(beliefs: Beliefs, front: Floats, optimisms: Sequence[float]) -> list[int]:
    """Rows of the candidates to evaluate next, one for each optimism, best first.

    Each choice counts what was chosen before it at its expected value, so that the batch spreads along the front.
    Fewer rows where there are fewer candidates.
    """
    free = np.ones(len(beliefs.mean), dtype=bool)
    chosen: list[int] = []
    for optimism in optimisms[: len(free)]:
        row = choose_next(beliefs, front, free, optimism)
        chosen.append(row)
        free[row] = False
        front = np.concatenate([front, beliefs.mean[row : row + 1]])
        front = front[non_dominated(front)]
    return chosen
