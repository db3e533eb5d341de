"""Propose the first genomes, before there are results to learn from."""

import numpy as np

from rnas._typing import Floats, Integers
from rnas.nas.strategies._candidates import fresh, genome_keys, listed, possible, sample_fresh, taken
from rnas.nas.strategy import Problem, Proposal, View

_DRAWN = 256
"""Number of uniform genomes that show how FLOPs are distributed over a space that is too large to enumerate."""

_DRAWN_PER_STRATUM = 8


def initial_proposals(
    problem: Problem, n: int, strata: int, fewest: int, view: View, rng: np.random.Generator
) -> list[Proposal] | None:
    """Propose by the initial design until there are enough results to learn from; then return None.

    Args:
        problem: the problem to search.
        n: number of genomes to propose now.
        strata: number of proposals, with those made before, up to which the design lasts.
        fewest: number of evaluations that have to succeed, however many were proposed.
        view: what has been proposed and evaluated.
        rng: generator of the random choices.
    """
    if len(taken(view)) >= strata and (~view.failed).sum() >= fewest:
        return None
    tried = np.concatenate([view.genomes, view.pending])
    return [Proposal(genome) for genome in initial_design(problem, n, strata, tried, rng)]


def initial_design(problem: Problem, n: int, strata: int, tried: Integers, rng: np.random.Generator) -> Integers:
    """Propose ``n`` uniformly random genomes whose FLOPs fill strata evenly.

    The strata divide the uniform genomes of the space into equal shares by their FLOPs, so that a few networks stand
    for the whole space, and none of its costs is left to chance. Genomes are random within their strata. Fewer than
    ``n`` are returned if the space has no more.

    Args:
        problem: the problem to search.
        n: number of genomes to propose now.
        strata: number of strata.
        tried: (k, v) genomes that were proposed before.
        rng: generator of the random choices.
    """

    def flops(genomes: Integers) -> Floats:
        return np.asarray(problem.known(genomes)["flops"])

    # The strata are the same in each batch of the design.
    everything = _uniform(problem, _DRAWN, np.random.default_rng(0))
    edges = np.quantile(flops(everything), np.arange(1, strata) / strata) if len(everything) else np.empty(0)
    excluded = set(genome_keys(tried))
    pool = fresh(problem, rng.permutation(_uniform(problem, strata * _DRAWN_PER_STRATUM, rng)), excluded)
    if len(pool) < n:
        more = sample_fresh(problem, n - len(pool), excluded | set(genome_keys(pool)), rng)
        pool = np.concatenate([pool, more])
    if len(pool) == 0:
        return pool
    stratum = np.searchsorted(edges, flops(pool), side="right")
    filled = np.bincount(np.searchsorted(edges, flops(tried), side="right"), minlength=strata).astype(float)
    free = np.ones(len(pool), dtype=bool)
    order = rng.permutation(strata)
    chosen: list[int] = []
    while len(chosen) < min(n, len(pool)):
        best = min((s for s in order if free[stratum == s].any()), key=lambda s: filled[s])
        pick = int(np.flatnonzero(free & (stratum == best))[0])
        chosen.append(pick)
        free[pick] = False
        filled[best] += 1
    return pool[chosen]


def _uniform(problem: Problem, n: int, rng: np.random.Generator) -> Integers:
    """Return every genome that can be evaluated, or of a large space some of ``n`` uniform ones inside the bands."""
    genomes = listed(problem)
    if genomes is None:
        genomes = problem.space.repair(problem.space.uniform(n, rng), rng)
    return genomes[possible(problem, genomes)]
