"""Describe cells as data: the genotype of a cell, and the published cells.

Nodes are numbered as in the literature: 0 and 1 are the outputs of the two cells before, and the cell's own nodes
follow from 2. A node is the sum of two operations on earlier nodes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pydantic import ConfigDict

from rnas.errors import InputError
from rnas.networks._cell_operations import find_operation

_MOST_NODES = 32

Edge = tuple[str, int]
"""(operation, node that it reads)."""


@dataclass(frozen=True)
class CellGenotype:
    """Describe a cell.

    Attributes:
        nodes: the two edges into each node, in the order in which the original code numbers its operations.
        concat: nodes that are concatenated to the cell's output.

    Raises:
        InputError: an operation is unknown, an edge comes from a node that is not earlier, or an output is not a node.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    nodes: tuple[tuple[Edge, Edge], ...]
    concat: tuple[int, ...] = (2, 3, 4, 5)

    def __post_init__(self) -> None:
        if len(self.nodes) > _MOST_NODES:
            raise InputError(f"a cell of {len(self.nodes):,} nodes; the most is {_MOST_NODES}")
        for node, edges in enumerate(self.nodes, start=2):
            for operation, source in edges:
                find_operation(operation)
                if not 0 <= source < node:
                    raise InputError(f"node {node} of a cell reads node {source}; it can read 0 to {node - 1}")
        last = len(self.nodes) + 1
        if not self.concat or any(not 2 <= node <= last for node in self.concat):
            raise InputError(
                f"a cell of nodes 2 to {last} cannot output {list(self.concat)}; name at least one of them"
            )
        if len(set(self.concat)) < len(self.concat):
            raise InputError(f"a cell outputs {list(self.concat)}; name each node once")


@dataclass(frozen=True)
class Genotype:
    """Describe a normal cell and a reduction cell."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    normal: CellGenotype
    reduction: CellGenotype


_SHORT = {
    "s3": "sep_conv_3x3",
    "s5": "sep_conv_5x5",
    "s7": "sep_conv_7x7",
    "d3": "dil_conv_3x3",
    "d5": "dil_conv_5x5",
    "sk": "skip_connect",
    "a3": "avg_pool_3x3",
    "m3": "max_pool_3x3",
    "c7": "conv_7x1_1x7",
}


def _cell(text: str, concat: tuple[int, ...] = (2, 3, 4, 5)) -> CellGenotype:
    """Parse a cell of nodes written ``s3 1, sk 0`` and separated by bars."""
    nodes = []
    for node in text.split("|"):
        first, second = ((_SHORT[name], int(source)) for name, source in map(str.split, node.split(",")))
        nodes.append((first, second))
    return CellGenotype(tuple(nodes), concat)


GENOTYPES: Mapping[str, Genotype] = {
    # Mok et al., AdvRush, ICCV 2021.
    "advrush": Genotype(
        _cell("s3 1, s3 0 | s5 0, s3 1 | s3 1, s3 0 | sk 0, s3 1"),
        _cell("s3 0, s3 1 | sk 0, d3 2 | sk 0, a3 1 | sk 0, sk 2"),
    ),
    # Dong et al., Adversarially Robust Neural Architectures, 2020.
    "racl": Genotype(
        _cell("s3 0, s3 1 | s5 0, sk 1 | s3 0, sk 3 | s3 3, sk 4"),
        _cell("s3 0, s5 1 | a3 0, d3 1 | s3 0, s5 1 | s3 2, d3 3"),
    ),
    # Liu et al., DARTS, ICLR 2019: first-order and second-order.
    "darts-v1": Genotype(
        _cell("s3 1, s3 0 | sk 0, s3 1 | sk 0, s3 1 | s3 0, sk 2"),
        _cell("m3 0, m3 1 | sk 2, m3 0 | m3 0, sk 2 | sk 2, a3 0"),
    ),
    "darts-v2": Genotype(
        _cell("s3 0, s3 1 | s3 0, s3 1 | s3 1, sk 0 | sk 0, d3 2"),
        _cell("m3 0, m3 1 | sk 2, m3 1 | m3 0, sk 2 | sk 2, m3 1"),
    ),
    # Chen et al., Progressive DARTS, ICCV 2019.
    "pdarts": Genotype(
        _cell("sk 0, d3 1 | sk 0, s3 1 | s3 1, s3 3 | s3 0, d5 4"),
        _cell("a3 0, s5 1 | s3 0, d5 2 | m3 0, d3 1 | d3 1, d5 3"),
    ),
    # Zoph et al., NASNet-A, CVPR 2018.
    "nasnet": Genotype(
        _cell("s5 1, s3 0 | s5 0, s3 0 | a3 1, sk 0 | a3 0, a3 0 | s3 1, sk 1", (2, 3, 4, 5, 6)),
        _cell("s5 1, s7 0 | m3 1, s7 0 | a3 1, s5 0 | sk 3, a3 2 | s3 2, m3 1", (4, 5, 6)),
    ),
    # Real et al., AmoebaNet-A, AAAI 2019.
    "amoebanet": Genotype(
        _cell("a3 0, m3 1 | s3 0, s5 2 | s3 0, a3 3 | s3 1, sk 1 | sk 0, a3 1", (4, 5, 6)),
        _cell("a3 0, s3 1 | m3 0, s7 2 | s7 0, a3 1 | m3 0, m3 1 | c7 0, s3 5", (3, 4, 6)),
    ),
}
"""The published cells by name, on the operations of :data:`rnas.networks._cell_operations.OPERATIONS`."""
