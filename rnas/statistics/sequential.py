"""Further seeds for those networks alone that are still compared with no decision, and what looking so often costs.

All networks have the first seeds. At each look every pair is tested; networks that are not told apart from all others
get one seed more than any network has, until nothing is undecided or there are no more seeds. To look again is another
chance to be wrong. The level is therefore divided by the number of looks that were planned (Bonferroni), whether they
are needed or not: the chance that any two equal networks are told apart at any look is at most the level, however the
looks depend on one another.

That numbers of seeds depend on results does no harm to this. Two equal networks that no look has told apart have, at
each look, all the seeds that there are by then: only a wrong decision, which is counted already, makes theirs unequal.
"""

from rnas.statistics.crossed import Rights
from rnas.statistics.tukey import LEVEL, distinguishable


def looks(first: int, most: int) -> int:
    """How often results are looked at, at most: with the first seeds, and with each further one."""
    return most - first + 1


def level(first: int, most: int) -> float:
    """The level of each look's tests."""
    return LEVEL / looks(first, most)


def next_seeds(right: Rights, first: int, most: int) -> tuple[int, ...]:
    """How many seeds each network should have for the next look; as many as it has where there is none.

    Args:
        right: for each network whether it is right, (seeds, images), with the first seeds of all.
        first: seeds that all had at the first look.
        most: seeds that a network may have.
    """
    seeds = tuple(len(rows) for rows in right)
    reached = max(seeds)
    if reached >= most or len(right) < 2:
        return seeds
    others = distinguishable(right, level(first, most)).sum(axis=1)
    return tuple(own if apart == len(seeds) - 1 else reached + 1 for own, apart in zip(seeds, others, strict=True))
