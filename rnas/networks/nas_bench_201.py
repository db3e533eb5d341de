"""Build networks of NAS-Bench-201 cells (Dong, Yang, ICLR 2020), and decide when two cells are the same.

A cell has four nodes and an edge from each to every later one. An edge has one of five operations, and a node is the
sum of its edges. The skeleton has five cells, a residual block that halves the map and doubles the channels, five
cells, another such block, and five cells. Every convolution follows a ReLU and precedes batch normalisation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import ConfigDict

from rnas.errors import InputError
from rnas.networks._bounds import require_sizes
from rnas.networks.architecture import Shape
from rnas.networks.cost import Cost, Costs
from rnas.networks.counting import Size, batch_norm, classifier, convolution, single, total
from rnas.networks.layer_cost import Count
from rnas.utils._lazy import LazyModule

if TYPE_CHECKING:
    from torch import nn

    from rnas.networks.modules import _nas_bench_201 as modules
else:
    modules = LazyModule("rnas.networks.modules._nas_bench_201")

NONE = "none"
SKIP = "skip_connect"
CONV_1X1 = "nor_conv_1x1"
CONV_3X3 = "nor_conv_3x3"
AVERAGE_POOL = "avg_pool_3x3"
OPERATIONS = (NONE, SKIP, CONV_1X1, CONV_3X3, AVERAGE_POOL)
"""The benchmark's names of the operations."""

EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
"""(from, to) of each edge in the benchmark's order: node 0 is the cell's input, node 3 its output."""

NODES = 4
WIDENINGS = (1, 2, 4)
_CANCELLED = "#"


def unique_string(operations: Sequence[str]) -> str:
    """Return the benchmark's text for what a cell computes: cells with the same text are the same cell.

    A skip is written as the node that it reads. ``none`` is written as nothing, and so is any operation on node 1 if
    that node is nothing. The terms of a sum are sorted by name. 6,466 texts remain of the 15,625 cells. The rule goes
    no further: it neither cancels a node 2 that is nothing nor expands sums within sums, and it treats a node that is
    read twice as two equal nodes.

    Args:
        operations: name of the operation on each edge, in the order of ``EDGES``.
    """
    texts = ["0"]
    for node in range(1, NODES):
        terms = [
            _term(operation, texts[source])
            for operation, (source, target) in zip(operations, EDGES, strict=True)
            if target == node
        ]
        texts.append("+".join(sorted(terms)))
    return texts[-1]


def _term(operation: str, text: str) -> str:
    if operation == NONE or text == _CANCELLED:
        return _CANCELLED
    return text if operation == SKIP else f"({text})@{operation}"


@dataclass(frozen=True)
class NASBench201Cell:
    """Describe the network of one cell.

    Attributes:
        operations: name of the operation on each edge, in the order of ``EDGES``.
        channels: channels of the first stage.
        cells: number of cells in each of the three stages.

    Raises:
        InputError: there are not six known operations, or a number is below 1.
    """

    kind: ClassVar[str] = "nas-bench-201"
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    operations: tuple[str, ...]
    channels: int = 16
    cells: int = 5

    def __post_init__(self) -> None:
        if len(self.operations) != len(EDGES):
            raise InputError(f"a NAS-Bench-201 cell has {len(EDGES)} operations, not {len(self.operations)}")
        for operation in self.operations:
            if operation not in OPERATIONS:
                raise InputError(f"unknown operation {operation!r} in a cell; known: {', '.join(OPERATIONS)}")
        if self.channels < 1 or self.cells < 1:
            raise InputError(f"channels {self.channels}, cells {self.cells}: both are at least 1")
        require_sizes("NAS-Bench-201", len(WIDENINGS) * self.cells, [self.channels])

    @property
    def not_in_weights(self) -> dict[str, str]:
        """Return what the names and shapes of its weights do not show."""
        return {"the operations without weights": "as described"}

    def build(self, num_classes: int, input_shape: Shape) -> "nn.Module":
        """Return the network; raise InputError for images whose sides are not multiples of 4."""
        check_size(input_shape)
        return modules.NASBench201Network(input_shape[0], num_classes, self.operations, self.channels, self.cells)

    def cost(self, input_shape: Shape, num_classes: int) -> Cost:
        """Return exact params and FLOPs; raise InputError for images whose sides are not multiples of 4."""
        return single(
            network_costs(
                self.operations.count(CONV_1X1),
                self.operations.count(CONV_3X3),
                input_shape,
                num_classes,
                channels=self.channels,
                cells=self.cells,
            )
        )


def check_size(input_shape: Shape) -> None:
    """Raise InputError for images that cannot be halved twice into equal grids."""
    if input_shape[1] % 4 or input_shape[2] % 4:
        raise InputError(
            f"a NAS-Bench-201 network halves its image twice; {input_shape[1]}x{input_shape[2]} pixels cannot be: "
            "give sides that are multiples of 4"
        )


def network_costs(
    convolutions_1x1: Count,
    convolutions_3x3: Count,
    input_shape: Shape,
    num_classes: int,
    channels: int = NASBench201Cell.channels,
    cells: int = NASBench201Cell.cells,
) -> Costs:
    """Return the costs of networks from their cells' numbers of convolutions; nothing else in a cell has a cost.

    Args:
        convolutions_1x1: number (n,) of 1x1 convolutions in a cell, or one number.
        convolutions_3x3: number (n,) of 3x3 convolutions in a cell, or one number.
        input_shape: (C, H, W) of one image, with H and W multiples of 4.
        num_classes: number of logits.
        channels: channels of the first stage.
        cells: number of cells in each stage.
    """
    check_size(input_shape)
    size: Size = input_shape[1:]
    widths = [channels * widening for widening in WIDENINGS]
    costs = [convolution(input_shape[0], channels, 3, size), batch_norm(channels)]
    for stage, width in enumerate(widths):
        if stage > 0:
            size = size[0] // 2, size[1] // 2
            costs.append(_reduction_costs(widths[stage - 1], width, size))
        for number, kernel_size in ((convolutions_1x1, 1), (convolutions_3x3, 3)):
            layer = convolution(width, width, kernel_size, size) + batch_norm(width)
            costs.append(layer * (np.asarray(number, dtype=np.int64) * cells))
    return total([*costs, batch_norm(widths[-1]), classifier(widths[-1], num_classes)])


def _reduction_costs(inputs: int, outputs: int, size: Size) -> Costs:
    """Return the costs of :class:`ReductionBlock` with an output map of this size."""
    main = convolution(inputs, outputs, 3, size) + convolution(outputs, outputs, 3, size)
    return main + batch_norm(outputs) * 2 + convolution(inputs, outputs, 1, size)
