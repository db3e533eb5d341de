"""Genomes that may be proposed: inside the bands, not tried before, and possible to evaluate."""

import numpy as np
from numpy.typing import NDArray

from rnas.nas.strategy import Problem, View
from rnas.networks.cost import Integers

_ROUNDS = 40
_FEWEST_DRAWN = 32


def genome_keys(genomes: Integers) -> list[bytes]:
    """A hashable key of each genome (n, v)."""
    return [row.tobytes() for row in np.ascontiguousarray(genomes, dtype=np.int64)]


def taken(view: View) -> set[bytes]:
    """Keys of the genomes that were proposed before, whatever came of them."""
    return {*genome_keys(view.genomes), *genome_keys(view.pending)}


def possible(problem: Problem, genomes: Integers) -> NDArray[np.bool_]:
    """Which (n,) of genomes (n, v) can be evaluated: a known metric that is NaN says that the evaluator has nothing."""
    return np.asarray(np.all([np.isfinite(column) for column in problem.known(genomes).values()], axis=0))


def impossible(problem: Problem) -> set[bytes]:
    """Keys of the genomes that cannot be evaluated, in a space small enough to enumerate; none are known in others."""
    everything = problem.space.enumeration
    if everything is None:
        return set()
    return set(genome_keys(everything[~possible(problem, everything)]))


def fresh(problem: Problem, genomes: Integers, excluded: set[bytes]) -> Integers:
    """Those of genomes (n, v) that may be proposed, in their order, each once.

    Left out are those in ``excluded``, and those that cannot be evaluated.
    """
    seen = set(excluded)
    rows = []
    for row, key in enumerate(genome_keys(genomes)):
        if key not in seen:
            seen.add(key)
            rows.append(row)
    kept = genomes[rows]
    return kept[possible(problem, kept)]


def sample_fresh(problem: Problem, n: int, excluded: set[bytes], rng: np.random.Generator) -> Integers:
    """``n`` genomes that may be proposed, stratified over log FLOPs; fewer where no more are found."""
    space = problem.space
    found = np.empty((0, len(space.variables)), dtype=np.int64)
    if n == 0:
        return found
    for _ in range(_ROUNDS):
        # Strata that are used up give genomes seen before, so more are drawn than are missing.
        missing = n - len(found)
        drawn = space.sample(missing if len(found) == 0 else max(missing, _FEWEST_DRAWN), rng)
        found = np.concatenate([found, fresh(problem, drawn, excluded | set(genome_keys(found)))])[:n]
        if len(found) == n:
            return found
    if space.enumeration is None:
        return found
    rest = fresh(problem, rng.permutation(space.enumeration), excluded | set(genome_keys(found)))
    return np.concatenate([found, rest])[:n]
