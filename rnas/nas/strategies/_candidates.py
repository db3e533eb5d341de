"""Select genomes that may be proposed: inside the bands, not tried before, and possible to evaluate."""

import numpy as np
from numpy.typing import NDArray

from rnas._typing import Integers
from rnas.nas.space import SearchSpace
from rnas.nas.strategy import Problem, View

_ROUNDS = 40
_FEWEST_DRAWN = 32


def genome_keys(genomes: Integers) -> list[bytes]:
    """Return a hashable key for each genome (n, v)."""
    return [row.tobytes() for row in np.ascontiguousarray(genomes, dtype=np.int64)]


def taken(view: View) -> set[bytes]:
    """Return the keys of all genomes that were proposed before, whatever their status."""
    if view.tried is not None:
        return set(view.tried)
    return {*genome_keys(view.genomes), *genome_keys(view.pending)}


def possible(problem: Problem, genomes: Integers) -> NDArray[np.bool_]:
    """Return for each genome (n, v) whether it can be evaluated; it cannot if one of its known metrics is NaN."""
    return np.asarray(np.all([np.isfinite(column) for column in problem.known(genomes).values()], axis=0))


def impossible(problem: Problem) -> set[bytes]:
    """Return the keys of the genomes that cannot be evaluated; empty for a space that is too large to enumerate."""
    everything = problem.space.enumeration
    if everything is None:
        return set()
    return set(genome_keys(everything[~possible(problem, everything)]))


def fresh(problem: Problem, genomes: Integers, excluded: set[bytes]) -> Integers:
    """Return those of genomes (n, v) that may be proposed, each once, in the given order.

    Genomes in ``excluded`` and genomes that cannot be evaluated are left out.
    """
    seen: set[bytes] = set()
    rows = []
    for row, key in enumerate(genome_keys(genomes)):
        if key not in seen and key not in excluded:
            seen.add(key)
            rows.append(row)
    new = genomes[rows]
    return new[possible(problem, new)]


def listed(problem: Problem) -> Integers | None:
    """Return every genome (n, v) of a space that can be enumerated, else those of a table; None if there are too many.

    What a table holds of a space that is too large to enumerate would hardly ever be drawn.
    """
    if problem.space.enumeration is not None:
        return problem.space.enumeration
    held: Integers | None = getattr(problem.known, "held_genomes", None)
    return held


def neighbours(space: SearchSpace, genomes: Integers) -> Integers:
    """Return the canonical genomes (m, v) that differ from one of genomes (n, v) in one choice, each once.

    An unordered variable has any other choice, an ordered one the next smaller and the next larger one. Neighbours may
    be outside the bands.
    """
    column = np.repeat(np.arange(len(space.sizes)), space.sizes)
    value = np.concatenate([np.arange(size) for size in space.sizes])
    ordered = np.array([variable.ordered for variable in space.variables])
    step = np.abs(value - genomes[:, column])
    row, change = np.nonzero((step == 1) | ((step > 1) & ~ordered[column]))
    moved = genomes[row]
    moved[np.arange(len(moved)), column[change]] = value[change]
    different: Integers = np.unique(space.canonical(moved), axis=0)
    return different


def sample_fresh(
    problem: Problem, n: int, excluded: set[bytes], rng: np.random.Generator, drafts: int | None = None
) -> Integers:
    """Sample ``n`` genomes that may be proposed, stratified over log FLOPs; fewer if no more are found.

    Args:
        problem: the problem that is searched.
        n: number of genomes.
        excluded: keys of genomes that may not be proposed.
        rng: generator of random numbers.
        drafts: most genomes to draw from a space that is too large to enumerate; None is what 40 rounds draw.
    """
    space = problem.space
    left = drafts if drafts is not None and listed(problem) is None else None
    found = np.empty((0, len(space.variables)), dtype=np.int64)
    if n == 0:
        return found
    for _ in range(_ROUNDS):
        # Exhausted strata repeat known genomes, so that more are drawn than are missing.
        missing = n - len(found)
        number = missing if len(found) == 0 else max(missing, _FEWEST_DRAWN)
        if left is not None:
            left -= number
            if left < 0:
                break
        drawn = space.sample(number, rng)
        found = fresh(problem, np.concatenate([found, drawn]), excluded)[:n]
        if len(found) == n:
            return found
    everything = listed(problem)
    if everything is None:
        return found
    return fresh(problem, np.concatenate([found, rng.permutation(everything)]), excluded)[:n]
