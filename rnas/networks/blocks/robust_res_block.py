"""Define the RobustResBlock, a bottleneck with grouped, hierarchical convolutions (Huang et al., CVPR 2023)."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from rnas.networks._block_cost import three_convolution_cost
from rnas.networks.block import RAW, Block, BlockColumns, BlockType, Place
from rnas.networks.blocks.bottleneck import Bottleneck
from rnas.networks.cost import Costs
from rnas.networks.squeeze_excitation import RESIDUAL
from rnas.utils._lazy import LazyModule

if TYPE_CHECKING:
    from rnas.networks.modules import blocks as modules
    from rnas.networks.modules.residual_block import BlockConstructor
else:
    modules = LazyModule("rnas.networks.modules.blocks")

UNIT = 160
"""Base width at which a block of cardinality 1 has as many channels as planes in each scale."""


def chunk_width(planes: int, base_width: int, cardinality: int) -> int:
    """Return the channels of one scale: a multiple of the cardinality, at least one per group (planes below 16).

    The product is in floating point, as in the released code, which rounds a few whole numbers down: 240 planes and
    base width 82 give 122.
    """
    return max(int(planes * (base_width / UNIT)), 1) * cardinality


def balanced_base_width(scales: int, cardinality: int) -> int:
    """Return the base width that keeps the parameters of a block nearest to those of the bottleneck.

    The convolutions of a bottleneck of p planes have 17 p^2 weights, without the shortcut's. With chunks of x p
    channels, S scales, g groups and q = max(S - 1, 1) spatial convolutions they have (8 x S + 9 q x^2 / g) p^2. The
    result is the paper's 10 for 8 scales and cardinality 4, and 160 for the bottleneck itself.
    """

    def excess(base_width: int) -> float:
        x = base_width * cardinality / UNIT
        return abs(8 * x * scales + 9 * max(scales - 1, 1) * x * x / cardinality - 17)

    return min(range(1, UNIT + 1), key=excess)


class RobustRes(BlockType):
    """Define the RobustResBlock type: output channels are four times the planes."""

    fields = Bottleneck.fields | {"cardinality", "scales", "base_width"}
    expansion = Bottleneck.expansion
    special_cases: ClassVar[Mapping[str, Mapping[str, int]]] = {
        "bottleneck": {"scales": 1, "cardinality": 1, "base_width": UNIT}
    }

    def constructor(self, block: Block) -> "BlockConstructor":
        """Return a function that makes modules of this block."""
        return partial(
            modules.RobustResBlock,
            style=block.style,
            cardinality=block.cardinality,
            scales=block.scales,
            base_width=block.base_width,
            first_input_raw=block.first_input == RAW,
        )

    def cost(self, blocks: BlockColumns, place: Place) -> Costs:
        """Return the exact costs (n,) of these blocks."""
        # The formula is that of chunk_width, for arrays.
        channels = (place.planes * (blocks.base_width / UNIT)).astype(np.int64)
        width = np.maximum(channels, 1) * blocks.cardinality
        out_channels = self.out_channels(place.planes)
        return three_convolution_cost(
            blocks, place, width, out_channels, scales=blocks.scales, cardinality=blocks.cardinality
        )


BLOCK = RobustRes()

ROBUST_RES_BLOCK = Block(
    topology="robust-res-block",
    scales=8,
    cardinality=4,
    base_width=10,
    squeeze_excitation=RESIDUAL,
    reduction=64,
)
"""The block of the published RobustResNets."""
