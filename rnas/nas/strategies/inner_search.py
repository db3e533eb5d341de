"""Searching on the surrogate: candidates for true evaluation, without evaluating any."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.core.evaluator import Evaluator
from pymoo.core.termination import NoTermination
from pymoo.problems.static import StaticProblem

from rnas.nas.strategies.candidates import fresh, possible, sample_fresh
from rnas.nas.strategies.evolution import (
    CROSSOVER,
    SELECTION,
    GenomeMutation,
    GenomeRepair,
    NoRepeats,
    genome_problem,
)
from rnas.nas.strategy import Problem
from rnas.networks.cost import Integers

Floats = NDArray[np.float64]


def candidates(
    problem: Problem,
    promise: Callable[[Integers], Floats],
    start: Integers,
    excluded: set[bytes],
    rng: np.random.Generator,
    *,
    population: int,
    generations: int,
) -> Integers:
    """Genomes (n, v) that may be proposed: all of a small space, else those that NSGA-II visits on the surrogate.

    Args:
        problem: what is searched.
        promise: genomes (n, v) to surrogate points (n, objectives), minimised.
        start: (k, v) genomes of the front so far, from which NSGA-II starts, beside random ones.
        excluded: keys of genomes that may not be proposed.
        rng: of the random choices.
        population: of NSGA-II.
        generations: of NSGA-II.
    """
    space = problem.space
    if space.enumeration is not None:
        return fresh(problem, space.enumeration, excluded)
    drawn = sample_fresh(problem, max(population - len(start), population // 2), set(), rng)
    algorithm = NSGA2(
        pop_size=population,
        sampling=np.concatenate([start, drawn]),
        selection=SELECTION,
        crossover=CROSSOVER,
        mutation=GenomeMutation(space),
        repair=GenomeRepair(space),
        eliminate_duplicates=NoRepeats(set()),
    )
    pymoo_problem = genome_problem(space, len(problem.objectives))
    algorithm.setup(pymoo_problem, termination=NoTermination(), seed=int(rng.integers(2**31)))
    visited = []
    for _ in range(generations):
        offspring = algorithm.ask()
        if offspring is None or len(offspring) == 0:
            break
        genomes = offspring.get("X").astype(np.int64)
        visited.append(genomes)
        Evaluator().eval(StaticProblem(pymoo_problem, F=_penalised(problem, promise, genomes)), offspring)
        algorithm.tell(infills=offspring)
    return fresh(problem, np.concatenate(visited), excluded)


def _penalised(problem: Problem, promise: Callable[[Integers], Floats], genomes: Integers) -> Floats:
    """The promise of genomes (n, v); those that cannot be evaluated are worse than all others."""
    can = possible(problem, genomes)
    points = np.ones((len(genomes), len(problem.objectives)))
    if can.any():
        promised = promise(genomes[can])
        points[:] = promised.max(axis=0) + np.ptp(promised, axis=0) + 1.0
        points[can] = promised
    return points
