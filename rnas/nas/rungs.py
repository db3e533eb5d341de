"""The fidelity rungs: which batch is evaluated at which rung, and who is promoted to the next.

A cohort of new genomes starts at the lowest rung; the better part of it goes on to the next rung, each time trained
from scratch for longer (after successive halving: Jamieson and Talwalkar, AISTATS 2016; at least half go on, since
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
class Place:
    """What a batch is: a cohort, numbered from 0, at a rung, from 0 for the lowest."""

    rung: int
    cohort: int


def place(batch: int, rungs: int) -> Place:
    """The place of a batch, counted from 0, on a ladder of so many rungs."""
    turn = 0
    # The first turns have one batch more each; from then on there is one for each rung.
    while batch > min(turn, rungs - 1):
        batch -= min(turn, rungs - 1) + 1
        turn += 1
    return Place(batch, turn - batch)


def batch_of(position: Place, rungs: int) -> int:
    """The batch at a place: the inverse of :func:`place`."""
    turn = position.cohort + position.rung
    growing = min(turn, rungs)
    return growing * (growing + 1) // 2 + (turn - growing) * rungs + position.rung


def promoted(points: Floats, members: Integers, n: int) -> Integers:
    """The ``n`` best of some evaluated points, best first: by non-dominated rank, and then those in the least crowd.

    Args:
        points: (m, objectives) of everything evaluated at the rung, minimised, all finite.
        members: rows of the cohort, from which to take.
        n: how many.
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
