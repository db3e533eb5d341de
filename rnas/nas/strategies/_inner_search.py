"""Search on the surrogate for candidates to evaluate."""

from collections.abc import Callable

import numpy as np
from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.core.evaluator import Evaluator
from pymoo.core.termination import NoTermination
from pymoo.problems.static import StaticProblem

from rnas._typing import Floats, Integers
from rnas.nas.strategies._candidates import fresh, possible, sample_fresh
from rnas.nas.strategies._evolution import (
    CROSSOVER,
    SELECTION,
    GenomeMutation,
    GenomeRepair,
    NoRepeats,
    genome_problem,
)
from rnas.nas.strategy import Problem


def candidates(
    problem: Problem,
    acquisition: Callable[[Integers], Floats],
    start: Integers,
    excluded: set[bytes],
    rng: np.random.Generator,
    *,
    population: int,
    generations: int,
) -> Integers:
    """Return genomes (n, v) that may be proposed: all of a small space, else those that NSGA-II visits.

    Args:
        problem: the problem to search.
        acquisition: function from genomes (n, v) to surrogate points (n, objectives), minimised.
        start: (k, v) genomes of the present front; NSGA-II starts from these and from random ones.
        excluded: keys of genomes that may not be proposed.
        rng: generator of the random choices.
        population: population size of NSGA-II.
        generations: number of generations of NSGA-II.
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
        Evaluator().eval(StaticProblem(pymoo_problem, F=_penalised(problem, acquisition, genomes)), offspring)
        algorithm.tell(infills=offspring)
    return fresh(problem, np.concatenate(visited), excluded)


def _penalised(problem: Problem, acquisition: Callable[[Integers], Floats], genomes: Integers) -> Floats:
    """Return the acquisition of genomes (n, v); those that cannot be evaluated are worse than all others."""
    can = possible(problem, genomes)
    points = np.ones((len(genomes), len(problem.objectives)))
    if can.any():
        values = acquisition(genomes[can])
        points[:] = values.max(axis=0) + np.ptp(values, axis=0) + 1.0
        points[can] = values
    return points
