"""Search by Bayesian optimisation with an ensemble of neural networks: BANANAS (White, Neiswanger, Savani, AAAI 2021).

The networks predict each objective that must be evaluated from the encoding of paths. Candidates are mutations of the
best genomes, and are chosen by independent Thompson sampling.
"""

from itertools import combinations, pairwise

import numpy as np
from pymoo.core.population import Population
from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting

from rnas._typing import Floats, Integers
from rnas.nas.objective import minimised
from rnas.nas.space import SearchSpace
from rnas.nas.strategies._candidates import fresh, genome_keys, sample_fresh, taken
from rnas.nas.strategies._evolution import GenomeMutation, genome_problem
from rnas.nas.strategies._neural_ensemble import NeuralEnsemble
from rnas.nas.strategies._options import whole_number
from rnas.nas.strategies._scalarization import crowded_comparison
from rnas.nas.strategy import Prediction, Problem, Proposal, View
from rnas.networks.nas_bench_201 import EDGES, NODES, OPERATIONS, NASBench201Cell

_FEWEST_FITTED = 2
_ROUNDS = 5
"""Number of times that mutation may fall short of the candidates before fewer are compared, as in the paper's code."""


class Bananas:
    """Propose the mutations of the best genomes that an ensemble of neural networks prefers.

    As in the paper, there are 100 candidates, which are mutations of the best genomes; 5 networks of 10 hidden layers
    with 20 units each, trained by Adam for 150 epochs on the mean absolute error, as in the paper's code; and a normal
    draw for each candidate, with mean and standard deviation of the ensemble, by which candidates are ranked. Cells of
    NAS-Bench-201 are encoded by their paths, without truncation.

    The following is ours. With several objectives, the best genomes are the front, and candidates are ranked together
    with the front by non-dominated sorting and crowding; an objective that is known is exact. Targets are standardised,
    networks other than these cells are encoded by the features of their space, mutation changes ordered variables by a
    step, and the first genomes are stratified over log FLOPs. Failed evaluations are left out.

    Args:
        problem: the problem to search.
        initial: number of random genomes at first; 10 in the paper.
        ensemble: number of networks, at least 2; 5 in the paper.
        candidates: number of mutations that are compared for a batch; 100 in the paper.
    """

    def __init__(self, problem: Problem, initial: int = 10, ensemble: int = 5, candidates: int = 100) -> None:
        self._problem = problem
        self._initial = whole_number("bananas", "initial", initial, least=1)
        self._ensemble = whole_number("bananas", "ensemble", ensemble, least=2)
        self._candidates = whole_number("bananas", "candidates", candidates, least=1)
        self._mutation = GenomeMutation(problem.space)

    def propose(self, n: int, view: View, rng: np.random.Generator) -> list[Proposal]:
        """Propose random genomes or mutations of the front; see :meth:`rnas.nas.strategy.Strategy.propose`."""
        excluded = taken(view)
        complete = np.flatnonzero(~view.failed)
        proposals: list[Proposal] = []
        if len(excluded) >= self._initial and len(complete) >= _FEWEST_FITTED:
            points = minimised(view.metrics, self._problem.objectives)[complete]
            layers = NonDominatedSorting().do(points)
            pool = self._mutated(max(n, self._candidates), view.genomes[complete], layers, excluded, rng)
            proposals = self._preferred(n, pool, view.genomes[complete], points, layers[0], rng)
        tried = excluded | set(genome_keys(np.array([p.genome for p in proposals], dtype=np.int64)))
        more = sample_fresh(self._problem, n - len(proposals), tried, rng)
        return proposals + [Proposal(genome) for genome in more]

    def _mutated(
        self, n: int, genomes: Integers, layers: list[Integers], excluded: set[bytes], rng: np.random.Generator
    ) -> Integers:
        """Return up to ``n`` new mutations of the first layer of genomes (k, v), or of further ones if it has few."""
        space = self._problem.space
        found = genomes[:0]
        for layer in layers[:_ROUNDS]:
            for _ in range(_ROUNDS):
                parents = genomes[rng.permutation(np.resize(rng.permutation(layer), 2 * n))]
                children = Population.new("X", parents)
                self._mutation(genome_problem(space, 1), children, random_state=rng)
                moved = space.repair(children.get("X"), rng)
                found = np.concatenate([found, fresh(self._problem, moved, excluded | set(genome_keys(found)))])
                if len(found) >= n:
                    return found[:n]
        return found

    def _preferred(
        self, n: int, pool: Integers, genomes: Integers, points: Floats, front: Integers, rng: np.random.Generator
    ) -> list[Proposal]:
        """Return up to ``n`` genomes of a pool (k, v) by Thompson sampling, with their predictions."""
        if len(pool) == 0:
            return []
        problem = self._problem
        known = problem.known(pool)
        inputs, new = encoded(problem.space, genomes), encoded(problem.space, pool)
        drawn = np.empty((len(pool), len(problem.objectives)))
        predicted: list[dict[str, Prediction]] = [{} for _ in pool]
        for place, objective in enumerate(problem.objectives):
            if objective.metric in known:
                drawn[:, place] = objective.sign * known[objective.metric]
                continue
            predictions = NeuralEnsemble(self._ensemble, rng).fit(inputs, points[:, place]).predict(new)
            mean, std = predictions.mean(axis=0), predictions.std(axis=0)
            drawn[:, place] = rng.normal(mean, std)
            for row in range(len(pool)):
                predicted[row][objective.metric] = Prediction(objective.sign * float(mean[row]), float(std[row]))
        scores = crowded_comparison(np.concatenate([points[front], drawn]))[len(front) :]
        order = np.argsort(-scores, kind="stable")[:n]
        return [Proposal(pool[row], predicted[row]) for row in order]


def encoded(space: SearchSpace, genomes: Integers) -> Floats:
    """Return the paths of cells of NAS-Bench-201 as (n, 155), and the features (n, f) of other genomes (n, v)."""
    networks = [space.decode(genome) for genome in genomes]
    cells = [network for network in networks if isinstance(network, NASBench201Cell)]
    if len(cells) < len(networks) or not networks:
        return space.features(genomes)
    operations = np.array([[OPERATIONS.index(name) for name in cell.operations] for cell in cells])
    return path_encoding(operations)


def path_encoding(operations: Integers) -> Floats:
    """Return which sequences of operations (n, 155) lead from input to output of cells.

    The sequences have one to three operations; ``none`` is an operation like the others, as in the paper's code.

    Args:
        operations: (n, 6) index of the operation on each edge.
    """
    kinds = len(OPERATIONS)
    starts = np.cumsum([0, *(kinds**length for length in range(1, NODES))])
    paths = np.zeros((len(operations), starts[-1]))
    rows = np.arange(len(operations))
    for passed in range(NODES - 1):
        for inner in combinations(range(1, NODES - 1), passed):
            route = [EDGES.index(step) for step in pairwise((0, *inner, NODES - 1))]
            sequence = np.ravel_multi_index(tuple(operations[:, route].T), (kinds,) * len(route))
            paths[rows, starts[passed] + sequence] = 1.0
    return paths
