import pytest

from rnas.errors import InputError
from rnas.networks.genotypes import GENOTYPES, CellGenotype

SKIP = (("skip_connect", 0), ("skip_connect", 1))


def test_advrush_as_published() -> None:
    reduction = GENOTYPES["advrush"].reduction
    assert reduction.nodes == (
        (("sep_conv_3x3", 0), ("sep_conv_3x3", 1)),
        (("skip_connect", 0), ("dil_conv_3x3", 2)),
        (("skip_connect", 0), ("avg_pool_3x3", 1)),
        (("skip_connect", 0), ("skip_connect", 2)),
    )
    assert reduction.concat == (2, 3, 4, 5)


@pytest.mark.parametrize(
    ("nodes", "concat", "message"),
    [
        ([SKIP, (("skip_connect", 3), ("skip_connect", 0))], (2,), "node 3 of a cell reads node 3; it can read 0 to 2"),
        ([(("skip_connect", -1), ("skip_connect", 0))], (2,), "reads node -1"),
        ([(("conv_3x3", 0), ("skip_connect", 0))], (2,), "unknown operation 'conv_3x3'"),
        ([SKIP], (2, 3), r"nodes 2 to 2 cannot output \[2, 3\]"),
        ([SKIP], (), "name at least one"),
        ([SKIP, SKIP], (3, 3), "name each node once"),
    ],
)
def test_impossible_cells(nodes: list[object], concat: tuple[int, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        CellGenotype(tuple(nodes), concat)
