"""Search by BoTorch (Balandat et al., NeurIPS 2020), a library of Bayesian optimisation; this needs an extra."""

from typing import TYPE_CHECKING

import numpy as np

from rnas._typing import Floats, Integers
from rnas.nas.front import non_dominated
from rnas.nas.objective import minimised
from rnas.nas.strategies._acquisition import Box, Posterior, choose_batch
from rnas.nas.strategies._candidates import fresh, genome_keys, neighbours, sample_fresh, taken
from rnas.nas.strategies._initial_design import initial_proposals
from rnas.nas.strategies._inner_search import candidates
from rnas.nas.strategies._options import whole_number
from rnas.nas.strategy import Prediction, Problem, Proposal, View
from rnas.utils._extras import require_extra
from rnas.utils._lazy import LazyModule

require_extra("botorch", "botorch")
if TYPE_CHECKING:
    from rnas.nas.strategies import _botorch_acquisition as acquisitions
else:
    # BoTorch takes seconds to import.
    acquisitions = LazyModule("rnas.nas.strategies._botorch_acquisition")

_FEWEST_FITTED = 2
_CLIMBERS = 3
"""Number of genomes whose neighbours are tried in each step of the local search on the acquisition."""

_STEPS = 10
"""Largest number of such steps for one proposal."""


class BoTorch:
    """Propose the genomes with the largest noisy expected hypervolume improvement, as BoTorch computes it.

    The acquisition is qLogNEHVI (Daulton et al., NeurIPS 2021; Ament et al., NeurIPS 2023); a single objective has
    qLogNoisyExpectedImprovement. Each objective that must be evaluated has a Gaussian process of its own with BoTorch's
    default priors and an inferred noise: a MixedSingleTaskGP, in which unordered variables are categorical, or a
    SingleTaskGP if all are ordered. Inputs are the variables of the genome, ordered ones scaled to [0, 1]. Known
    objectives are no outcomes: BoTorch gets the exact function, as a GenericDeterministicModel. If all objectives are
    known, the exact improvement is used.

    The acquisition is optimised over genomes that may be proposed. These are random ones and neighbours of the front,
    and then neighbours of the best of them, until none is better, as in BoTorch's discrete local search. A batch is
    chosen one after the other, with the earlier choices and all pending genomes as ``X_pending``. Genomes outside the
    bands are moved inside by the space's repair; failed evaluations are left out. BoTorch's compiled kernel is not
    used, so that proposals do not depend on a compiler.

    Args:
        problem: the problem to search.
        initial: number of evaluations before the Gaussian process is used, spread evenly over FLOPs.
        samples: number of quasi-random draws from the posterior; 128 is BoTorch's default.
        pool: number of genomes that the local search starts from.

    Raises:
        InputError: BoTorch is not installed.
    """

    def __init__(self, problem: Problem, initial: int = 12, samples: int = 128, pool: int = 128) -> None:
        self._problem = problem
        self._initial = whole_number("botorch", "initial", initial, least=2)
        self._samples = whole_number("botorch", "samples", samples, least=2)
        self._pool = whole_number("botorch", "pool", pool, least=1)

    def propose(self, n: int, view: View, rng: np.random.Generator) -> list[Proposal]:
        """Propose by the acquisition; see :meth:`rnas.nas.strategy.Strategy.propose`."""
        problem = self._problem
        first = initial_proposals(problem, n, self._initial, _FEWEST_FITTED, view, rng)
        if first is not None:
            return first
        excluded = taken(view)
        complete = np.flatnonzero(~view.failed)
        genomes = view.genomes[complete]
        points = minimised(view.metrics, problem.objectives)[complete]
        box = Box.around(points, problem.reference, problem.ideal)
        front = genomes[non_dominated(points)]
        known = problem.known(genomes)
        if all(objective.metric in known for objective in problem.objectives):
            return self._exact(n, front, box, view, excluded, rng)
        acquisition = acquisitions.Acquisition(
            problem, box, genomes, points, view.pending, self._samples, int(rng.integers(2**31))
        )
        pool = self._start(front, excluded, rng)
        chosen = view.genomes[:0]
        while len(chosen) < n and len(pool) > 0:
            pool, values = self._climbed(pool, acquisition, excluded | set(genome_keys(chosen)), rng)
            best = pool[[int(values.argmax())]]
            chosen = np.concatenate([chosen, best])
            acquisition.add_pending(best)
            # A genome can only lose by a pending one, so that the best ones so far are enough for the next choice.
            left = np.argsort(-values, kind="stable")[1 : 1 + self._pool // 2]
            pool = pool[left]
        more = sample_fresh(problem, n - len(chosen), excluded | set(genome_keys(chosen)), rng)
        proposed = np.concatenate([chosen, more])
        return [Proposal(g, p) for g, p in zip(proposed, self._predictions(acquisition, proposed), strict=True)]

    def _exact(
        self, n: int, front: Integers, box: Box, view: View, excluded: set[bytes], rng: np.random.Generator
    ) -> list[Proposal]:
        """Propose what adds most to the hypervolume where every objective is known."""
        problem = self._problem

        def exact(genomes: Integers) -> Floats:
            return box.scaled(minimised(problem.known(genomes), problem.objectives))

        pool = candidates(problem, exact, front, excluded, rng, population=40, generations=20)
        if len(pool) == 0:
            return []
        counted = np.concatenate([exact(front), exact(view.pending)])
        certain = Posterior(exact(pool)[None], np.ones(1))
        return [Proposal(pool[row]) for row in choose_batch(n, certain, counted)]

    def _start(self, front: Integers, excluded: set[bytes], rng: np.random.Generator) -> Integers:
        """Return genomes (k, v) that may be proposed: half of them neighbours of the front, the others random."""
        near = rng.permutation(neighbours(self._problem.space, front))[: self._pool // 2]
        near = fresh(self._problem, self._problem.space.repair(near, rng), excluded)
        return np.concatenate(
            [near, sample_fresh(self._problem, self._pool - len(near), excluded | set(genome_keys(near)), rng)]
        )

    def _climbed(
        self, pool: Integers, acquisition: "acquisitions.Acquisition", excluded: set[bytes], rng: np.random.Generator
    ) -> tuple[Integers, Floats]:
        """Return a pool (k, v) with the genomes that a local search visits, and the acquisition (k,) of all."""
        problem = self._problem
        values: Floats = acquisition.values(pool)
        expanded: set[bytes] = set()
        for _ in range(_STEPS):
            best = pool[np.argsort(-values, kind="stable")[:_CLIMBERS]]
            best = best[[key not in expanded for key in genome_keys(best)]]
            if len(best) == 0:
                break
            expanded.update(genome_keys(best))
            near = problem.space.repair(neighbours(problem.space, best), rng)
            near = fresh(problem, near, excluded | set(genome_keys(pool)))
            if len(near) == 0:
                continue
            pool = np.concatenate([pool, near])
            values = np.concatenate([values, acquisition.values(near)])
        return pool, values

    def _predictions(self, acquisition: "acquisitions.Acquisition", genomes: Integers) -> list[dict[str, Prediction]]:
        predicted: list[dict[str, Prediction]] = [{} for _ in genomes]
        for objective, mean, std in acquisition.predictions(genomes):
            for row in range(len(genomes)):
                predicted[row][objective.metric] = Prediction(objective.sign * float(mean[row]), float(std[row]))
        return predicted
