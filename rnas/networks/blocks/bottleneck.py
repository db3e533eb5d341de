"""Define the bottleneck block: 1x1, spatial and 1x1 convolutions (He, Zhang, Ren, Sun, CVPR and ECCV 2016)."""

from functools import partial
from typing import TYPE_CHECKING

from rnas.networks._block_cost import three_convolution_cost
from rnas.networks.block import COMMON_FIELDS, RAW, Block, BlockColumns, BlockType, Place
from rnas.networks.cost import Costs
from rnas.utils._lazy import LazyModule

if TYPE_CHECKING:
    from rnas.networks.modules import blocks as modules
    from rnas.networks.modules.residual_block import BlockConstructor
else:
    modules = LazyModule("rnas.networks.modules.blocks")

BOTTLENECK_EXPANSION = 4
"""Output channels per plane."""


class Bottleneck(BlockType):
    """Define the bottleneck: the spatial convolution has as many channels as planes, the output four times as many."""

    fields = COMMON_FIELDS | {"first_input"}
    expansion = BOTTLENECK_EXPANSION

    def constructor(self, block: Block) -> "BlockConstructor":
        """Return a function that makes modules of this block."""
        return partial(modules.BottleneckBlock, style=block.style, first_input_raw=block.first_input == RAW)

    def cost(self, blocks: BlockColumns, place: Place) -> Costs:
        """Return the exact costs (n,) of these blocks."""
        return three_convolution_cost(blocks, place, place.planes, self.out_channels(place.planes))


BLOCK = Bottleneck()
