"""Plan more seeds for the networks that are still undecided, and correct the level for repeated tests.

All networks have the first seeds. At each look every pair is tested. Networks that are not distinguishable from all
others get one seed more than any network has, until nothing is undecided or no seeds remain. Each look is another
chance of a false positive. The level is therefore divided by the number of planned looks (Bonferroni), whether or not
all of them take place. The chance that any two equal networks are called distinguishable at any look is then at most
the level, however the looks depend on one another.

Numbers of seeds depend on results, but this does not harm the guarantee. Two equal networks that no look has
distinguished have, at each look, all the seeds so far. Only a wrong decision, which is already counted, could make
their numbers of seeds unequal.
"""

from rnas.statistics.crossed import Rights
from rnas.statistics.tukey import LEVEL, distinguishable


def looks(first: int, most: int) -> int:
    """Return the largest number of looks at results: one with the first seeds, and one with each further seed."""
    return most - first + 1


def level(first: int, most: int) -> float:
    """Return the level of the tests at each look."""
    return LEVEL / looks(first, most)


def next_seeds(right: Rights, first: int, most: int) -> tuple[int, ...]:
    """Return how many seeds each network needs for the next look; the present numbers if there is no further look.

    Args:
        right: for each network, whether it is right, (seeds, images), with the first seeds of the list.
        first: number of seeds of every network at the first look.
        most: largest number of seeds of a network.
    """
    seeds = tuple(len(rows) for rows in right)
    reached = max(seeds)
    if reached >= most or len(right) < 2:
        return seeds
    others = distinguishable(right, level(first, most)).sum(axis=1)
    return tuple(own if apart == len(seeds) - 1 else reached + 1 for own, apart in zip(seeds, others, strict=True))
