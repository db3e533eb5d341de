"""Apply pymoo's operators of NSGA-II (Deb et al., IEEE TEC 2002) to genomes."""

from types import SimpleNamespace
from typing import Any

import numpy as np
from pymoo.algorithms.moo.nsga2 import binary_tournament
from pymoo.core.evaluator import Evaluator
from pymoo.core.mating import Mating
from pymoo.core.population import Population
from pymoo.core.problem import Problem as GenomeProblem
from pymoo.core.variable import Integer
from pymoo.operators.crossover.ux import UniformCrossover
from pymoo.operators.mutation.pm import PolynomialMutation
from pymoo.operators.mutation.rm import ChoiceRandomMutation
from pymoo.operators.selection.tournament import TournamentSelection
from pymoo.operators.survival.rank_and_crowding import RankAndCrowding
from pymoo.problems.static import StaticProblem
from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting

from rnas._typing import Floats, Integers
from rnas.nas.space import SearchSpace
from rnas.nas.strategies._candidates import genome_keys

SELECTION = TournamentSelection(func_comp=binary_tournament)
CROSSOVER = UniformCrossover(prob=0.9)
# The distribution is wide, since a narrow one rounds back to the value that it started from.
_STEPS = PolynomialMutation(prob=1.0, eta=3)
_CHOICES = ChoiceRandomMutation()


def genome_problem(space: SearchSpace, objectives: int) -> Any:
    """Return the space as a pymoo problem of bounded integers."""
    variables = {v.name: Integer(bounds=(0, len(v.choices) - 1)) for v in space.variables}
    high = space.sizes - 1
    return GenomeProblem(len(variables), objectives, xl=np.zeros_like(high), xu=high, vtype=int, vars=variables)


class GenomeMutation:
    """Mutation that changes each variable with probability 1 / variables: ordered ones by a step, others to any
    choice."""

    def __init__(self, space: SearchSpace) -> None:
        self._ordered = np.array([variable.ordered for variable in space.variables])

    def __call__(self, problem: Any, population: Any, random_state: np.random.Generator, **_: Any) -> Any:
        """Mutate a pymoo population in place."""
        genomes = population.get("X")
        steps = np.rint(_STEPS._do(problem, genomes, random_state=random_state))
        choices = _CHOICES._do(problem, genomes, random_state=random_state)
        population.set("X", np.where(self._ordered, steps, choices).astype(np.int64))
        return population


class GenomeRepair:
    """Repair that moves genomes into the bands and into canonical form."""

    def __init__(self, space: SearchSpace) -> None:
        self._space = space

    def __call__(self, _problem: Any, population: Any, random_state: np.random.Generator, **_: Any) -> Any:
        """Repair a pymoo population in place."""
        if len(population):
            population.set("X", self._space.repair(population.get("X").astype(np.int64), random_state))
        return population


class NoRepeats:
    """Filter that drops genomes that are excluded, in the population, or earlier in the offspring."""

    def __init__(self, excluded: set[bytes]) -> None:
        self._excluded = excluded

    def do(self, population: Any, *others: Any) -> Any:
        """Return the individuals of a pymoo population that do not repeat an earlier one."""
        seen: set[bytes] = set()
        for other in others:
            if len(other):
                seen.update(genome_keys(other.get("X")))
        rows = []
        for row, key in enumerate(genome_keys(population.get("X")) if len(population) else []):
            if key not in seen and key not in self._excluded:
                seen.add(key)
                rows.append(row)
        return population[rows]


def survivors(space: SearchSpace, genomes: Integers, points: Floats, size: int, rng: np.random.Generator) -> Any:
    """Return the best ``size`` evaluated genomes, by rank and crowding, as a pymoo population.

    Args:
        space: search space of the genomes.
        genomes: (n, v) evaluated genomes.
        points: (n, objectives) results, minimised, all finite.
        size: number of survivors.
        rng: generator that breaks ties.
    """
    problem = genome_problem(space, points.shape[1])
    # Whatever the best fronts leave room for, the others cannot survive; each individual is an object of its own.
    hopeful = np.sort(np.concatenate(NonDominatedSorting().do(points, n_stop_if_ranked=size)))
    genomes, points = genomes[hopeful], points[hopeful]
    population = Population.new("X", genomes)
    Evaluator().eval(StaticProblem(problem, F=points), population)
    return RankAndCrowding().do(problem, population, n_survive=size, random_state=rng)


def offspring(space: SearchSpace, parents: Any, n: int, excluded: set[bytes], rng: np.random.Generator) -> Integers:
    """Make up to ``n`` new genomes inside the bands by tournament, crossover and mutation of :func:`survivors`."""
    mating = Mating(
        SELECTION,
        CROSSOVER,
        GenomeMutation(space),
        repair=GenomeRepair(space),
        eliminate_duplicates=NoRepeats(excluded),
    )
    problem = genome_problem(space, parents.get("F").shape[1])
    tournament = SimpleNamespace(tournament_type="comp_by_rank_and_crowding", random_state=rng)
    children = mating.do(problem, parents, n, random_state=rng, algorithm=tournament)
    genomes = children.get("X") if len(children) else np.empty((0, problem.n_var))
    return np.asarray(genomes, dtype=np.int64)
