"""What is evaluated before there is anything to learn from."""

import numpy as np
from numpy.typing import NDArray

from rnas.nas.strategies.candidates import fresh, genome_keys, sample_fresh
from rnas.nas.strategy import Problem
from rnas.networks.cost import Integers

Floats = NDArray[np.float64]

_DRAWN_PER_STRATUM = 8


def initial_design(problem: Problem, n: int, strata: int, tried: Integers, rng: np.random.Generator) -> Integers:
    """``n`` genomes that go on filling equal strata of log FLOPs evenly, both ends first.

    The lowest and the highest stratum begin with the cheapest and the most costly genome, of the whole space where it
    is small and of those drawn else; all other genomes are random within theirs. Fewer than ``n`` are returned where
    the space has no more.

    Args:
        problem: what is searched.
        n: how many to propose now.
        strata: how many there are.
        tried: (k, v) genomes proposed before.
        rng: of the random choices.
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
        # Shuffled, since many networks may cost the least.
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
