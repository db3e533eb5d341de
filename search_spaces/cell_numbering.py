"""Identify cells of four nodes that differ only in the numbering of their nodes.

A cell is a row of 14 labels, one for each edge in the order of :data:`rnas.networks.cell_skeleton.EDGES`; label 0 means
no edge.
"""

from collections.abc import Callable
from functools import cache
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from rnas._typing import Floats, Integers
from rnas.networks.cell_skeleton import EDGES, NODES

_ABSENT = len(EDGES)


def _renumberings() -> tuple[Integers, Floats]:
    """Return the old edge (24, 14) of every new edge, for each order of the nodes, and 1 at reversed edges (14, 24)."""
    number = {edge: index for index, edge in enumerate(EDGES)}
    orders = [(0, 1, *order) for order in permutations(range(2, 2 + NODES))]
    origin = np.full((len(orders), len(EDGES)), _ABSENT, dtype=np.int64)
    backwards = np.zeros(origin.T.shape)
    for row, order in enumerate(orders):
        for old, (source, node) in enumerate(EDGES):
            new = number.get((order[source], order[node]))
            if new is None:
                backwards[old, row] = 1
            else:
                origin[row, new] = old
    return origin, backwards


_ORIGIN, _BACKWARDS = _renumberings()


def least_numbering(
    cells: Integers, labels: int, allowed: Callable[[Integers, Integers], NDArray[np.bool_]]
) -> Integers:
    """Return cells (n, 14), each in the numbering that is the least number when its labels are read as digits.

    Args:
        cells: (n, 14), labels of the edges.
        labels: number of labels.
        allowed: function from rows (m,) of ``cells`` and renumbered cells (m, 14) to whether (m,) the space contains
            them. Only such numberings are used; a cell without any is returned unchanged.
    """
    padded = np.pad(cells, ((0, 0), (0, 1)))
    values = _values(cells, labels)
    least = cells.copy()
    open_rows = np.arange(len(cells))
    while len(open_rows) > 0:
        choice = values[open_rows].argmin(axis=1)
        possible = np.isfinite(values[open_rows, choice])
        open_rows, choice = open_rows[possible], choice[possible]
        candidates = padded[open_rows[:, None], _ORIGIN[choice]]
        taken = allowed(open_rows, candidates)
        least[open_rows[taken]] = candidates[taken]
        values[open_rows, choice] = np.inf
        open_rows = open_rows[~taken]
    return least


def _values(cells: Integers, labels: int) -> Floats:
    """Return the number of every numbering (n, 24) of cells; infinite if an edge would be reversed."""
    # Numbers below 2 ** 53 are exact as floats, and products of floats are much faster than those of integers.
    values: Floats = cells.astype(np.float64) @ _weights(labels)
    values[(cells > 0).astype(np.float64) @ _BACKWARDS > 0] = np.inf
    return values


@cache
def _weights(labels: int) -> Floats:
    """Return (14, 24): the weight of each old edge's label in the number of every numbering."""
    weights = np.zeros((len(EDGES) + 1, len(_ORIGIN)))
    for column, origin in enumerate(_ORIGIN):
        weights[origin, column] = float(labels) ** np.arange(len(EDGES))
    return weights[: len(EDGES)]
