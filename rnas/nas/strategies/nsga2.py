"""Search by plain NSGA-II (Deb et al., IEEE TEC 2002) on true evaluations, without a surrogate."""

from functools import cached_property

import numpy as np

from rnas._typing import Integers
from rnas.nas.objective import minimised
from rnas.nas.strategies._candidates import fresh, genome_keys, impossible, sample_fresh, taken
from rnas.nas.strategies._evolution import offspring, survivors
from rnas.nas.strategies._options import whole_number
from rnas.nas.strategy import Problem, Proposal, View


class NSGA2Strategy:
    """Propose random genomes, stratified over log FLOPs, and then children of the best genomes so far.

    Survivors are selected by rank and crowding from all evaluated genomes, so that a generation need not be complete
    before the next begins. Failed evaluations have no children.

    Args:
        problem: the problem to search.
        population: number of random genomes at first, and of survivors later; at least 2.
    """

    def __init__(self, problem: Problem, population: int = 20) -> None:
        self._problem = problem
        self._population = whole_number("nsga2", "population", population, least=2)

    def propose(self, n: int, view: View, rng: np.random.Generator) -> list[Proposal]:
        """Propose random genomes or children of the survivors; see :meth:`rnas.nas.strategy.Strategy.propose`."""
        excluded = taken(view)
        complete = np.flatnonzero(~view.failed)
        if len(excluded) < self._population or len(complete) == 0:
            genomes = sample_fresh(self._problem, n, excluded, rng)
        else:
            genomes = self._children(n, view, complete, excluded, rng)
        return [Proposal(genome) for genome in genomes]

    @cached_property
    def _impossible(self) -> set[bytes]:
        return impossible(self._problem)

    def _children(
        self, n: int, view: View, complete: Integers, excluded: set[bytes], rng: np.random.Generator
    ) -> Integers:
        space = self._problem.space
        points = minimised(view.metrics, self._problem.objectives)[complete]
        parents = survivors(space, view.genomes[complete], points, self._population, rng)
        barren = excluded | self._impossible
        children = fresh(self._problem, offspring(space, parents, n, barren, rng), barren)
        # Mating stops if the survivors have no new children left.
        more = sample_fresh(self._problem, n - len(children), excluded | set(genome_keys(children)), rng)
        return np.concatenate([children, more])
