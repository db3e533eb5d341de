"""RobustResBlock: a bottleneck with grouped, hierarchical convolutions (Huang, Lu, Deb, Boddeti, CVPR 2023)."""

from collections.abc import Mapping
from typing import ClassVar

from torch import nn

from rnas.networks.block import RAW, Block, BlockColumns, BlockType, Place
from rnas.networks.blocks.bottleneck import Bottleneck
from rnas.networks.cost import Costs
from rnas.networks.squeeze_excitation import RESIDUAL, Count, at_least_one
from rnas.networks.three_convolutions import ThreeConvolutionBlock, three_convolution_cost

UNIT = 160
"""Base width at which a block of cardinality 1 has as many channels as planes in each scale."""


def chunk_width(planes: Count, base_width: Count, cardinality: Count) -> Count:
    """Channels of one scale: a multiple of the cardinality, at least one channel a group (planes below 16)."""
    return at_least_one(planes * base_width // UNIT) * cardinality


def balanced_base_width(scales: int, cardinality: int) -> int:
    """The base width that keeps the parameters of a block nearest those of the bottleneck.

    A bottleneck of p planes has 17 p^2 weights in its convolutions, without the shortcut's; with chunks of x p
    channels, S scales, g groups and q = max(S - 1, 1) spatial convolutions they are (8 x S + 9 q x^2 / g) p^2.
    Gives the paper's 10 for 8 scales and cardinality 4, and 160 for the bottleneck itself.
    """

    def excess(base_width: int) -> float:
        x = base_width * cardinality / UNIT
        return abs(8 * x * scales + 9 * max(scales - 1, 1) * x * x / cardinality - 17)

    return min(range(1, UNIT + 1), key=excess)


class RobustResBlock(BlockType):
    """Output channels are four times the planes."""

    fields = Bottleneck.fields | {"cardinality", "scales", "base_width"}
    expansion = Bottleneck.expansion
    special_cases: ClassVar[Mapping[str, Mapping[str, int]]] = {
        "bottleneck": {"scales": 1, "cardinality": 1, "base_width": UNIT}
    }

    def build(self, block: Block, in_channels: int, planes: int, stride: int) -> nn.Module:
        """See :meth:`BlockType.build`."""
        return ThreeConvolutionBlock(
            block,
            in_channels,
            chunk_width(planes, block.base_width, block.cardinality),
            self.out_channels(planes),
            stride,
            scales=block.scales,
            cardinality=block.cardinality,
            first_input_raw=block.first_input == RAW,
        )

    def cost(self, blocks: BlockColumns, place: Place) -> Costs:
        """See :meth:`BlockType.cost`."""
        width = chunk_width(place.planes, blocks.base_width, blocks.cardinality)
        out_channels = self.out_channels(place.planes)
        return three_convolution_cost(
            blocks, place, width, out_channels, scales=blocks.scales, cardinality=blocks.cardinality
        )


BLOCK = RobustResBlock()

ROBUST_RES_BLOCK = Block(
    topology="robust-res-block",
    scales=8,
    cardinality=4,
    base_width=10,
    squeeze_excitation=RESIDUAL,
    reduction=64,
)
"""The block of the published RobustResNets."""
