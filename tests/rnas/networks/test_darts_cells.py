import pytest
import torch

from rnas.errors import InputError
from rnas.networks.architecture import from_dict, to_dict
from rnas.networks.cell_skeleton import is_reduction
from rnas.networks.darts_cells import DartsCellNetwork, repeated_cells
from rnas.networks.genotypes import GENOTYPES


def test_seven_at_96_has_seven_normal_cells_around_each_reduction() -> None:
    network = repeated_cells(GENOTYPES["advrush"], 7, 96)
    assert network.layers == 23
    assert [cell for cell in range(23) if is_reduction(cell, 23)] == [7, 15]
    assert (network.stem_channels, network.channels) == (288, (96, 192, 384))


def test_second_order_darts_is_the_default_and_leaves_no_trace_in_json() -> None:
    assert to_dict(DartsCellNetwork()) == {"kind": "darts-cells"}
    assert DartsCellNetwork().normal == GENOTYPES["darts-v2"].normal


@pytest.mark.parametrize("side", [30, 33, 2])
def test_images_that_cannot_be_halved_twice(side: int) -> None:
    network = DartsCellNetwork(layers=4, channels=(2, 2, 2), stem_channels=2)
    for call in (network.build, lambda classes, shape: network.cost(shape, classes)):
        with pytest.raises(InputError, match="multiples of 4"):
            call(10, (3, 32, side))


def test_smallest_images_that_can() -> None:
    network = DartsCellNetwork(layers=4, channels=(2, 2, 2), stem_channels=2)
    assert network.build(3, (1, 4, 8))(torch.rand(2, 1, 4, 8)).shape == (2, 3)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"layers": 3}, "layers is 3; a network of cells has at least 4"),
        ({"channels": [36, 71, 144]}, "71 channels.*take 72"),
        ({"channels": [0, 72, 144]}, "each is at least 1"),
        ({"stem_channels": 0}, "stem_channels is 0"),
        ({"channels": [36, 72]}, "channels"),
        ({"width": 3}, "width"),
        ({"normal": {"nodes": [[["sep_conv_3x3", 0], ["sep_conv_3x3", 2]]]}}, "node 2 of a cell reads node 2"),
    ],
)
def test_impossible_networks(fields: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        from_dict({"kind": "darts-cells", **fields})


def test_cells_that_output_all_nodes_or_one() -> None:
    nodes = GENOTYPES["racl"].normal.nodes
    wide, narrow = (DartsCellNetwork(type(GENOTYPES["racl"].normal)(nodes, concat)) for concat in ((2, 3, 4, 5), (5,)))
    assert wide.cost((3, 32, 32), 10).params > narrow.cost((3, 32, 32), 10).params
