"""Define the bottleneck block: 1x1, spatial and 1x1 convolutions (He, Zhang, Ren, Sun, CVPR and ECCV 2016)."""

from functools import partial

from rnas.networks.block import (
    COMMON_FIELDS,
    RAW,
    Block,
    BlockColumns,
    BlockConstructor,
    BlockStyle,
    BlockType,
    Place,
)
from rnas.networks.cost import Costs
from rnas.networks.three_convolutions import ThreeConvolutionBlock, three_convolution_cost

BOTTLENECK_EXPANSION = 4
"""Output channels per plane."""


class BottleneckBlock(ThreeConvolutionBlock):
    """Apply three convolutions; the spatial one has as many channels as planes.

    Args:
        in_channels: channels of the input.
        planes: channels of the spatial convolution.
        stride: 1 or 2.
        style: style of the block.
        first_input_raw: whether the first convolution reads the block's input also with pre-activation.
    """

    def __init__(self, in_channels: int, planes: int, stride: int, style: BlockStyle, *, first_input_raw: bool) -> None:
        out_channels = BOTTLENECK_EXPANSION * planes
        super().__init__(in_channels, planes, out_channels, stride, style, first_input_raw=first_input_raw)


class Bottleneck(BlockType):
    """Define the bottleneck: the spatial convolution has as many channels as planes, the output four times as many."""

    fields = COMMON_FIELDS | {"first_input"}
    expansion = BOTTLENECK_EXPANSION

    def constructor(self, block: Block) -> BlockConstructor:
        """Return a function that makes modules of this block."""
        return partial(BottleneckBlock, style=block.style, first_input_raw=block.first_input == RAW)

    def cost(self, blocks: BlockColumns, place: Place) -> Costs:
        """Return the exact costs (n,) of these blocks."""
        return three_convolution_cost(blocks, place, place.planes, self.out_channels(place.planes))


BLOCK = Bottleneck()
