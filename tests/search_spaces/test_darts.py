"""The DARTS space: conformance, published cells, notation."""

import re
from contextlib import suppress
from typing import Any

import numpy as np
import pytest

from rnas.errors import InputError
from rnas.networks import architecture as arch
from rnas.networks.architecture import Architecture, Shape
from rnas.networks.cost import Cost
from rnas.networks.darts_cells import DartsCellNetwork, doubling_network
from rnas.networks.genotypes import GENOTYPES, CellGenotype
from rnas.networks.vgg import VGG
from rnas.testing.search_space import SearchSpaceConformance
from search_spaces.cells import CellSettings
from search_spaces.darts import DartsSpace

PDARTS = """Genotype(
    normal=[('skip_connect', 0), ('dil_conv_3x3', 1), ('skip_connect', 0), ('sep_conv_3x3', 1),
            ('sep_conv_3x3', 1), ('sep_conv_3x3', 3), ('sep_conv_3x3', 0), ('dil_conv_5x5', 4)],
    normal_concat=range(2, 6),
    reduce=[('avg_pool_3x3', 0), ('sep_conv_5x5', 1), ('sep_conv_3x3', 0), ('dil_conv_5x5', 2),
            ('max_pool_3x3', 0), ('dil_conv_3x3', 1), ('dil_conv_3x3', 1), ('dil_conv_5x5', 3)],
    reduce_concat=range(2, 6))"""


def make(shape: Shape = (3, 32, 32), **settings: Any) -> DartsSpace:
    return DartsSpace(CellSettings(**settings), shape, 10)


class TestOneWidth(SearchSpaceConformance):
    built = 4

    def make(self, **settings: Any) -> DartsSpace:
        return make(layers=8, **settings)


class TestSeveralWidths(SearchSpaceConformance):
    built = 4

    def make(self, **settings: Any) -> DartsSpace:
        return make((1, 8, 12), layers=5, channels=[12, 4, 8], **settings)


@pytest.mark.parametrize("name", ["advrush", "racl", "darts-v1", "darts-v2", "pdarts"])
def test_holds_the_published_cells(name: str) -> None:
    space = make()
    network = doubling_network(GENOTYPES[name], 20, 36)
    genome = space.encode(network)
    costs = space.cost(genome[None])
    assert Cost(int(costs.params[0]), int(costs.flops[0])) == network.cost((3, 32, 32), 10)


def test_size_is_that_of_two_cells_of_the_paper() -> None:
    # Pairs of inputs of the later three nodes, seven operations on eight edges, twice.
    assert make().size == (3 * 6 * 10 * 7**8) ** 2


def test_the_order_of_a_nodes_edges_and_of_nodes_is_nothing() -> None:
    space = make()
    normal = CellGenotype(
        (
            (("sep_conv_3x3", 1), ("skip_connect", 0)),
            (("dil_conv_3x3", 0), ("max_pool_3x3", 1)),
            (("sep_conv_5x5", 2), ("sep_conv_5x5", 1)),
            (("sep_conv_5x5", 3), ("skip_connect", 0)),
        )
    )
    same = CellGenotype(
        (
            (("max_pool_3x3", 1), ("dil_conv_3x3", 0)),
            (("skip_connect", 0), ("sep_conv_3x3", 1)),
            (("skip_connect", 0), ("sep_conv_5x5", 2)),
            (("sep_conv_5x5", 1), ("sep_conv_5x5", 3)),
        )
    )
    reduction = GENOTYPES["racl"].reduction
    first, second = (DartsCellNetwork(cell, reduction) for cell in (normal, same))
    assert np.array_equal(space.encode(first), space.encode(second))


def test_notation_of_darts() -> None:
    assert make(layers=8, channels=(16,)).parse(PDARTS) == doubling_network(GENOTYPES["pdarts"], 8, 16)
    with pytest.raises(InputError, match="reduce is missing"):
        make().parse("Genotype(normal=[('skip_connect', 0)])")
    with pytest.raises(InputError, match="8 operations, two for each node; this one has 1"):
        make().parse("Genotype(normal=[('skip_connect', 0)], reduce=[('skip_connect', 0)])")
    with pytest.raises(InputError, match="not valid JSON"):
        make().parse("ADVRUSH")


def test_every_part_of_a_genotype_counts() -> None:
    space = make(layers=8, channels=(16,))
    published = space.parse(PDARTS)
    found = [published]
    for part in re.finditer(r"'\w+'|\b\d+(?=\)[,\]])", PDARTS):
        changed = "'sep_conv_7x7'" if part[0].startswith("'") else str(int(part[0]) + 1)
        with suppress(InputError):
            found.append(space.parse(PDARTS[: part.start()] + changed + PDARTS[part.end() :]))
    assert len({arch.key(network) for network in found}) == len(found) > 16
    for one, other in (
        ("normal_concat=range(2, 6)", "normal_concat=[3, 4, 5]"),
        ("reduce_concat=range(2, 6)", "reduce_concat=(2,)"),
    ):
        network = space.parse(PDARTS.replace(one, other))
        assert network != published
        with pytest.raises(InputError, match="outputs them all"):
            space.encode(network)


def test_nodes_of_a_genotype_may_have_lists_of_their_own() -> None:
    space = make(layers=8, channels=(16,))
    nested = re.sub(r"(\('\w+', \d\)),\s*(\('\w+', \d\))", r"[\1, \2]", PDARTS)
    assert nested.count("[(") == 8
    assert space.parse(nested) == space.parse(f"PDARTS = {PDARTS}") == space.parse(PDARTS)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("normal_concat", "normal_output"),
        ("reduce_concat=range(2, 6)", "reduce_concat=range(2, 6), reduce_concat=range(2, 6)"),
        ("reduce_concat=range(2, 6)", "reduce_concat=range(2, 6), extra=1"),
        ("reduce_concat=range(2, 6))", "reduce_concat=range(2, 6)) + 1"),
        ("reduce_concat=range(2, 6))", "reduce_concat=range(2, 6)) and more"),
        ("reduce_concat=range(2, 6))", "reduce_concat=range(2, 7))"),
        ("reduce_concat=range(2, 6))", "reduce_concat=range(2, 10**9))"),
        ("reduce_concat=range(2, 6)", "reduce_concat=[2, 2]"),
        ("reduce_concat=range(2, 6)", "reduce_concat=[True]"),
        ("('dil_conv_5x5', 3)]", "('dil_conv_5x5', 3), ('dil_conv_5x5', 3)]"),
        ("('dil_conv_5x5', 3)]", "('dil_conv_5x5', 3, 1)]"),
        ("('dil_conv_5x5', 3)]", "('dil_conv_5x5', 3.0)]"),
        ("('dil_conv_5x5', 3)]", "('dil_conv_5x5', 5)]"),
        ("('dil_conv_5x5', 3)]", "('dil_conv_9x9', 3)]"),
        ("('dil_conv_5x5', 3)]", "[('dil_conv_5x5', 3)]]"),
        ("Genotype(", "Genotype([], "),
        ("Genotype(", "exit() or Genotype("),
        ("Genotype(", "x = y = Genotype("),
    ],
)
def test_what_is_no_genotype_is_refused(old: str, new: str) -> None:
    assert PDARTS.count(old) == 1
    with pytest.raises(InputError):
        make().parse(PDARTS.replace(old, new))


def with_normal(*nodes: Any, concat: tuple[int, ...] = (2, 3, 4, 5)) -> DartsCellNetwork:
    return DartsCellNetwork(normal=CellGenotype(nodes, concat))


SKIP = (("skip_connect", 0), ("skip_connect", 1))


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (VGG(), "no architecture of kind 'vgg'"),
        (DartsCellNetwork(layers=11), "contains networks of 20 cells that start with 36 channels"),
        (DartsCellNetwork(channels=(36, 72, 116)), "doubled by each reduction"),
        (DartsCellNetwork(stem_channels=64), "a stem with three times as many"),
        (with_normal(*[SKIP] * 5), "has nodes 2 to 5"),
        (with_normal(*[SKIP] * 4, concat=(5,)), "outputs them all; the normal cell does not"),
        (with_normal(*[SKIP] * 3, (("none", 0), ("skip_connect", 1))), "has no 'none'"),
        (
            with_normal(*[SKIP] * 3, (("skip_connect", 3), ("sep_conv_3x3", 3))),
            "node 5 of the normal cell reads node 3 twice",
        ),
    ],
)
def test_networks_of_other_spaces(network: Architecture, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make().encode(network)
