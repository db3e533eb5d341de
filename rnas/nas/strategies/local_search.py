"""Search by local search among neighbouring genomes, extended to several objectives.

White et al. (Local search is state of the art for neural architecture search benchmarks, UAI 2021) move from a network
to a better neighbour, where neighbours differ in one choice. With several objectives the place of the best network is
taken by the front, as in the Pareto local search of Paquete et al. (Metaheuristics for Multiobjective Optimisation,
2004).
"""

import numpy as np
from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting

from rnas.nas.objective import minimised
from rnas.nas.strategies._candidates import fresh, genome_keys, neighbours, sample_fresh, taken
from rnas.nas.strategies._options import whole_number
from rnas.nas.strategy import Problem, Proposal, View

_AT_ONCE = 32


class LocalSearch:
    """Propose random genomes at first, and then new neighbours of the front, in random order.

    As in the paper, the search need not finish a neighbourhood: a neighbour that is better joins the front, and those
    that it dominates leave it. When all neighbours of the front are evaluated, those of the next best genomes by
    non-dominated sorting follow; the paper's code can continue in this way too, and otherwise starts again at random.
    Three things are ours: a batch draws from the neighbours of the whole front at once, an ordered variable changes by
    one step only, and a neighbour outside the bands is moved inside. Failed evaluations have no neighbours.

    Args:
        problem: the problem to search.
        initial: number of random genomes at first, stratified over log FLOPs; 10 in the paper's code.
    """

    def __init__(self, problem: Problem, initial: int = 10) -> None:
        self._problem = problem
        self._initial = whole_number("local-search", "initial", initial, least=1)

    def propose(self, n: int, view: View, rng: np.random.Generator) -> list[Proposal]:
        """Propose random genomes or neighbours of the front; see :meth:`rnas.nas.strategy.Strategy.propose`."""
        excluded = taken(view)
        complete = np.flatnonzero(~view.failed)
        found = view.genomes[:0]
        if len(excluded) >= self._initial and len(complete) > 0:
            points = minimised(view.metrics, self._problem.objectives)[complete]
            for layer in NonDominatedSorting().do(points):
                moves = rng.permutation(neighbours(self._problem.space, view.genomes[complete[layer]]))
                # Repair costs more than a draw, so that it is applied to a part of the neighbours at a time.
                for row in range(0, len(moves), _AT_ONCE):
                    moved = self._problem.space.repair(moves[row : row + _AT_ONCE], rng)
                    found = np.concatenate([found, fresh(self._problem, moved, excluded | set(genome_keys(found)))])
                    if len(found) >= n:
                        return [Proposal(genome) for genome in found[:n]]
        more = sample_fresh(self._problem, n - len(found), excluded | set(genome_keys(found)), rng)
        return [Proposal(genome) for genome in np.concatenate([found, more])]
