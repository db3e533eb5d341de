import pytest

from rnas.errors import InputError
from rnas.networks.cell_skeleton import EDGES, check_even, is_reduction, place_cells, sized


@pytest.mark.parametrize(
    ("layers", "expected"), [(4, [1, 2]), (8, [2, 5]), (11, [3, 7]), (20, [6, 13]), (33, [11, 22])]
)
def test_reductions_stand_at_a_third_and_two_thirds(layers: int, expected: list[int]) -> None:
    assert [cell for cell in range(layers) if is_reduction(cell, layers)] == expected


def test_places_of_a_small_network() -> None:
    places = sized(place_cells(5, (4, 8, 16), (4, 3), (12, 12)), (8, 16))
    assert [place.channels for place in places] == [4, 8, 8, 16, 16]
    assert [place.size for place in places] == [(8, 16), (8, 16), (4, 8), (4, 8), (2, 4)]
    assert [place.after_reduction for place in places] == [False, False, True, False, True]
    # A normal cell outputs four nodes here, a reduction cell three.
    assert [place.inputs for place in places] == [(12, 12), (12, 16), (16, 24), (24, 32), (32, 48)]
    assert [(place.stride(1), place.edge_size(1)) for place in places[1:3]] == [(2, (8, 16)), (1, (4, 8))]
    assert (places[1].stride(2), places[1].edge_size(2)) == (1, (4, 8))


def test_every_node_can_read_every_state_before_it() -> None:
    assert len(EDGES) == 14
    assert all(0 <= source < node for source, node in EDGES)


@pytest.mark.parametrize("size", [(3, 4), (4, 3), (0, 4)])
def test_maps_that_cannot_be_halved(size: tuple[int, int]) -> None:
    with pytest.raises(InputError, match=f"cannot halve a {size[0]}x{size[1]} map"):
        check_even(size)
