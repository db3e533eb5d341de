"""Propose the first genomes, before there are results to learn from."""

import numpy as np

from rnas._typing import Floats, Integers
from rnas.nas.strategies._candidates import fresh, genome_keys, sample_fresh
from rnas.nas.strategy import Problem

_DRAWN_PER_STRATUM = 8


def initial_design(problem: Problem, n: int, strata: int, tried: Integers, rng: np.random.Generator) -> Integers:
    """Propose ``n`` genomes that fill equal strata of log FLOPs evenly, both ends first.

    The lowest stratum begins with the cheapest genome and the highest with the most costly one, of the whole space if
    it is small, else of the drawn genomes. All other genomes are random within their strata. Fewer than ``n`` are
    returned if the space has no more.

    Args:
        problem: the problem to search.
        n: number of genomes to propose now.
        strata: number of strata.
        tried: (k, v) genomes that were proposed before.
        rng: generator of the random choices.
    """
    low, high = np.log(np.maximum(problem.space.flops_range, 1))
    width = (high - low) / strata or 1.0

    def log_flops(genomes: Integers) -> Floats:
        return np.asarray(np.log(np.maximum(problem.known(genomes)["flops"], 1)))

    def strata_of(genomes: Integers) -> Integers:
        places = (log_flops(genomes) - low) / width
        return np.asarray(np.clip(places, 0, strata - 1).astype(np.int64))

    excluded = set(genome_keys(tried))
    pool = sample_fresh(problem, max(n, strata * _DRAWN_PER_STRATUM), excluded, rng)
    if len(pool) == 0:
        return pool
    if problem.space.enumeration is not None:
        # The order is shuffled, since many networks may have the lowest cost.
        everything = rng.permutation(fresh(problem, problem.space.enumeration, excluded))
        costs = log_flops(everything)
        pool = fresh(problem, np.concatenate([everything[[costs.argmin(), costs.argmax()]], pool]), set())
    filled = np.bincount(strata_of(tried), minlength=strata).astype(float)
    stratum, cost = strata_of(pool), log_flops(pool)
    free = np.ones(len(pool), dtype=bool)
    ends = {0: 1.0, strata - 1: -1.0}
    order = [*ends, *(s for s in rng.permutation(strata) if s not in ends)]
    chosen: list[int] = []
    while len(chosen) < min(n, len(pool)):
        open_strata = [s for s in order if free[stratum == s].any()]
        best = min(open_strata, key=lambda s: filled[s])
        members = np.flatnonzero(free & (stratum == best))
        at_end = filled[best] == 0 and best in ends
        pick = members[np.argmin(ends[best] * cost[members])] if at_end else members[0]
        chosen.append(int(pick))
        free[pick] = False
        filled[best] += 1
    return pool[chosen]
