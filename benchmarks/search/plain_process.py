"""Provide a plain Gaussian process with exact expected hypervolume improvement, as a reference for the default."""

from importlib.metadata import EntryPoint

import numpy as np
from scipy.linalg import solve_triangular
from scipy.spatial.distance import cdist
from scipy.stats import norm

from rnas import registry
from rnas._typing import Floats, Integers
from rnas.nas.front import non_dominated
from rnas.nas.objective import minimised
from rnas.nas.strategies._acquisition import Box
from rnas.nas.strategies._candidates import fresh, taken
from rnas.nas.strategy import Problem, Proposal, View

NAME = "plain-process"
_LENGTHS, _NOISES = np.geomspace(0.15, 12, 10), np.geomspace(1e-4, 2, 8)
_LIKELY = np.log([1.5, 0.05])


class PlainProcess:
    """Propose by a Gaussian process on the standardised error, with one length scale, in a space that is enumerated.

    The first 12 networks are uniformly random. Every further one has the largest expected hypervolume improvement in
    closed form; within a batch, the mean is taken as the result, and variances shrink. The error is the first of two
    objectives, and the second is known.

    Args:
        problem: the problem to search.
        initial: number of random networks.
        one_hot: whether inputs are one-hot genomes instead of the features of the space.
    """

    def __init__(self, problem: Problem, initial: int = 12, one_hot: bool = False) -> None:
        self._problem, self._initial, self._one_hot = problem, initial, one_hot

    def propose(self, n: int, view: View, rng: np.random.Generator) -> list[Proposal]:
        """Propose a batch; see :meth:`rnas.nas.strategy.Strategy.propose`."""
        everything = self._problem.space.enumeration
        assert everything is not None
        pool = fresh(self._problem, everything, taken(view))
        if len(view.genomes) < self._initial:
            return [Proposal(genome) for genome in rng.permutation(pool)[: min(n, self._initial - len(view.genomes))]]
        complete = ~view.failed
        points = minimised(view.metrics, self._problem.objectives)[complete]
        costs = minimised(
            {o.metric: self._problem.known(pool).get(o.metric, np.zeros(len(pool))) for o in self._problem.objectives},
            self._problem.objectives,
        )[:, 1]
        box = Box.around(points, self._problem.reference, self._problem.ideal)
        centre, unit = points[:, 0].mean(), points[:, 0].std() or 1.0
        inputs = self._inputs(np.concatenate([view.genomes[complete], pool]))
        seen, new = inputs[: len(points)], inputs[len(points) :]
        length, noise = _tuned(cdist(seen, seen), (points[:, 0] - centre) / unit)
        root = np.linalg.cholesky(_matern(cdist(seen, seen) / length) + noise * np.eye(len(seen)))
        weights = solve_triangular(root, (points[:, 0] - centre) / unit, lower=True)
        explained = solve_triangular(root, _matern(cdist(seen, new) / length), lower=True)
        mean, left = centre + unit * (weights @ explained), np.maximum(1 - (explained**2).sum(axis=0), 1e-12)
        scale = unit * np.sqrt(weights @ weights / len(seen))
        chosen: list[int] = []
        for _ in range(min(n, len(pool))):
            gains = _improvement(
                mean, scale * np.sqrt(left + noise), costs, points[non_dominated(points)], box.reference
            )
            gains[chosen] = -1
            chosen.append(int(gains.argmax()))
            points = np.concatenate([points, [[mean[chosen[-1]], costs[chosen[-1]]]]])
            row = _matern(cdist(new[chosen[-1:]], new)[0] / length) - explained[:, chosen[-1]] @ explained
            row /= np.sqrt(left[chosen[-1]] + noise)
            explained, left = np.vstack([explained, row]), np.maximum(left - row**2, 1e-12)
        return [Proposal(pool[row]) for row in chosen]

    def _inputs(self, genomes: Integers) -> Floats:
        space = self._problem.space
        columns = space.features(genomes)
        if self._one_hot:
            columns = np.concatenate([genomes[:, [v]] == np.arange(size) for v, size in enumerate(space.sizes)], axis=1)
        return columns / np.sqrt(2 * columns.var(axis=0).sum())


def _tuned(distances: Floats, values: Floats) -> tuple[float, float]:
    """Return the most probable length scale and share of noise of a grid, for standardised values (n,)."""
    best, found = -np.inf, (1.0, 1.0)
    for length in _LENGTHS:
        eigenvalues, vectors = np.linalg.eigh(_matern(distances / length))
        for noise in _NOISES:
            spectrum = np.maximum(eigenvalues, 0) + noise
            energy = ((vectors.T @ values) ** 2 / spectrum).mean()
            density = -0.5 * (len(values) * np.log(energy) + np.log(spectrum).sum())
            density -= 0.5 * (((np.log([length, noise]) - _LIKELY) / [1.0, 2.0]) ** 2).sum()
            if density > best:
                best, found = density, (float(length), float(noise))
    return found


def _improvement(mean: Floats, std: Floats, costs: Floats, front: Floats, reference: Floats) -> Floats:
    """Return the expected hypervolume improvement (n,) over a front (k, 2), below a reference point."""
    front = front[np.argsort(front[:, 1])]
    edges = np.concatenate([[-np.inf], front[:, 1], [reference[1]]])
    gains = np.zeros(len(mean))
    for level, low, high in zip(np.append(reference[0], front[:, 0]), edges[:-1], edges[1:], strict=True):
        width = np.clip(high - np.maximum(costs, low), 0, None)
        z = (min(level, reference[0]) - mean) / std
        gains += width * std * (z * norm.cdf(z) + norm.pdf(z))
    return gains


def _matern(distances: Floats) -> Floats:
    scaled = np.sqrt(5) * distances
    return np.asarray((1 + scaled + scaled**2 / 3) * np.exp(-scaled))


def register() -> None:
    """Register the strategy by its name in this process."""
    entry = EntryPoint(NAME, f"{__name__}:PlainProcess", registry.STRATEGIES)
    registry._group(registry.STRATEGIES)[NAME] = (entry,)
