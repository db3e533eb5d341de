"""Search at random: the baseline of every other strategy."""

import numpy as np

from rnas.nas.strategies._candidates import sample_fresh, taken
from rnas.nas.strategy import Problem, Proposal, View


class RandomSearch:
    """Propose random genomes, stratified over log FLOPs, since uniform genomes concentrate around one cost."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem

    def propose(self, n: int, view: View, rng: np.random.Generator) -> list[Proposal]:
        """Propose random genomes; see :meth:`rnas.nas.strategy.Strategy.propose`."""
        return [Proposal(genome) for genome in sample_fresh(self._problem, n, taken(view), rng)]
