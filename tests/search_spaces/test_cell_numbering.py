from itertools import permutations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rnas.networks.cell_skeleton import EDGES
from search_spaces.cell_numbering import least_numbering

CELL = st.lists(st.integers(0, 3), min_size=14, max_size=14)


def anything(rows: np.ndarray, cells: np.ndarray) -> np.ndarray:
    return np.ones(len(rows), dtype=bool)


def renumbered(cell: list[int], order: tuple[int, ...]) -> list[int] | None:
    """The cell with its nodes in this order, or None where an edge would run backwards."""
    new = [0] * len(EDGES)
    for (source, node), label in zip(EDGES, cell, strict=True):
        moved = order[source], order[node]
        if label:
            if moved not in EDGES:
                return None
            new[EDGES.index(moved)] = label
    return new


@given(CELL)
def test_least_of_all_numberings_one_by_one(cell: list[int]) -> None:
    numberings = [renumbered(cell, (0, 1, *order)) for order in permutations(range(2, 6))]
    by_value = min((n for n in numberings if n is not None), key=lambda n: n[::-1])
    assert least_numbering(np.array([cell]), 4, anything)[0].tolist() == by_value


@given(CELL)
def test_only_numberings_that_the_space_holds(cell: list[int]) -> None:
    def first_edge_stays(rows: np.ndarray, cells: np.ndarray) -> np.ndarray:
        return cells[:, 0] == cell[0]

    assert least_numbering(np.array([cell]), 4, first_edge_stays)[0, 0] == cell[0]


def test_a_cell_without_any_numbering_that_is_held_stays() -> None:
    cell = np.arange(14)[None] % 4
    assert np.array_equal(least_numbering(cell, 4, lambda rows, cells: np.zeros(len(rows), dtype=bool)), cell)
