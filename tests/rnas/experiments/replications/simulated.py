"""Results of a replication, simulated instead of trained."""

from collections.abc import Callable, Sequence

import numpy as np

from rnas._typing import Floats
from rnas.experiments.replications.design import DesignCell, Replication, Size

SMALL = Size("small", (1, 8, 8), 10)


def scores(
    cells: Sequence[DesignCell],
    seeds: int,
    draw: int,
    effect: Callable[[DesignCell], float] = lambda cell: 0.0,
    noise: float = 0.02,
    unequal: float = 0.0,
) -> Floats:
    """Accuracies (cells, seeds): .5, what a cell is better by, what a seed is, and noise, which may differ by cell."""
    rng = np.random.default_rng(draw)
    deviations = noise * np.exp(unequal * rng.normal(size=(len(cells), 1)))
    better = np.array([effect(cell) for cell in cells])[:, None]
    return 0.5 + better + 0.03 * rng.normal(size=seeds) + deviations * rng.normal(size=(len(cells), seeds))


def judged_scores(replication: Replication, values: Floats) -> dict[str, Floats]:
    """The same values for every metric that a replication judges."""
    return {metric: values for claim in replication.claims(replication.design(SMALL)) for metric in claim.metrics}
