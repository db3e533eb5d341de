"""Decide which batch is evaluated at which rung of fidelity, and which networks are promoted to the next.

A cohort of new genomes starts at the lowest rung. Its better half is promoted to the next rung, each time trained from
scratch for longer (after successive halving: Jamieson and Talwalkar, AISTATS 2016; at least half are promoted, since
short adversarial training screens and does not rank). Batches are ordered in turns: in each a new cohort starts, the
one before it is promoted once, the one before that a second time, and so on. So every batch is decided by batches that
are at least two places before it, and one batch may always be evaluated while the next is decided.
"""

from dataclasses import dataclass

import numpy as np
from pymoo.operators.survival.rank_and_crowding.metrics import get_crowding_function
from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting

from rnas._typing import Floats, Integers


@dataclass(frozen=True)
class BatchPosition:
    """Hold the cohort of a batch, from 0, and its rung, from 0 for the cheapest."""

    rung: int
    cohort: int


def position_of(batch: int, rungs: int) -> BatchPosition:
    """Return the position of a batch, counted from 0, among ``rungs`` rungs."""
    turn = 0
    # The first turns have one batch more each; from then on there is one for each rung.
    while batch > min(turn, rungs - 1):
        batch -= min(turn, rungs - 1) + 1
        turn += 1
    return BatchPosition(batch, turn - batch)


def batch_of(position: BatchPosition, rungs: int) -> int:
    """Return the batch at a position: the inverse of :func:`position_of`."""
    turn = position.cohort + position.rung
    growing = min(turn, rungs)
    return growing * (growing + 1) // 2 + (turn - growing) * rungs + position.rung


def promoted(points: Floats, members: Integers, n: int) -> Integers:
    """Return the ``n`` best of evaluated points, best first: by non-dominated rank, and within a rank the least
    crowded.

    Args:
        points: (m, objectives) of everything evaluated at the rung, minimised, all finite.
        members: rows of the cohort, from which to take.
        n: number of points to return.
    """
    crowding = get_crowding_function("cd")
    rank = np.empty(len(points))
    space = np.empty(len(points))
    for number, front in enumerate(NonDominatedSorting().do(points)):
        rank[front] = number
        space[front] = crowding.do(points[front], n_remove=0)
    order = np.lexsort((members, -space[members], rank[members]))
    best: Integers = members[order[:n]]
    return best
