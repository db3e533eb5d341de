"""Random search: the strategy that every other has to beat."""

import numpy as np

from rnas.nas.strategies.candidates import sample_fresh, taken
from rnas.nas.strategy import Problem, Proposal, View


class RandomSearch:
    """Genomes at random, stratified over log FLOPs: uniform ones would crowd one cost."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem

    def propose(self, n: int, view: View, rng: np.random.Generator) -> list[Proposal]:
        """See :meth:`rnas.nas.strategy.Strategy.propose`."""
        return [Proposal(genome) for genome in sample_fresh(self._problem, n, taken(view), rng)]
