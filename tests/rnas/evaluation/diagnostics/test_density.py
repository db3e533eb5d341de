import pytest

from rnas.errors import InputError
from rnas.evaluation.diagnostics.density import density
from rnas.networks.architecture import Architecture
from rnas.networks.darts_cells import DartsCellNetwork, doubling_network
from rnas.networks.genotypes import GENOTYPES, CellGenotype
from rnas.networks.nas_bench_201 import NASBench201Cell
from rnas.networks.robnet import CODES, RobNetwork
from rnas.networks.vgg import VGG

_TWICE = CellGenotype(((("skip_connect", 0), ("avg_pool_3x3", 0)), (("none", 0), ("skip_connect", 2))), (2, 3))


@pytest.mark.parametrize(
    ("architecture", "expected"),
    [
        (RobNetwork(("00" * 14,)), 0.0),
        (RobNetwork(CODES["large"]), 1.0),
        # "11 11 | 11 11 00 | 01 01 00 00 | 01 10 00 00 00"
        (RobNetwork(CODES["small-stand-in"]), 8 / 14),
        (RobNetwork(("10" * 14, "01" * 7 + "00" * 7, "00" * 14, "00" * 14), layers=4), 21 / 56),
        # 36 of the 280 edges of the released code carry nothing.
        (RobNetwork(CODES["free"]), 244 / 280),
        (NASBench201Cell(("none", "skip_connect", "none", "nor_conv_3x3", "none", "avg_pool_3x3")), 3 / 6),
        (doubling_network(GENOTYPES["advrush"], 20, 36), 8 / 14),
        # Six cells of which two halve the map; 14 possible edges in one kind and 5 in the other.
        (DartsCellNetwork(reduction=_TWICE, layers=6), (4 * 8 + 2 * 2) / (4 * 14 + 2 * 5)),
    ],
)
def test_by_hand(architecture: Architecture, expected: float) -> None:
    assert density(architecture) == pytest.approx(expected, abs=1e-12)


def test_what_has_no_cells_is_refused() -> None:
    with pytest.raises(InputError, match="networks of cells, not for kind 'vgg'"):
        density(VGG())
