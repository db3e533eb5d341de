"""Define the inverted bottleneck: expansion, depthwise convolution, projection (Sandler et al., CVPR 2018).

"Revisiting Residual Networks for Adversarial Robustness" (Huang, Lu, Deb, Boddeti, CVPR 2023) compares one without
giving its expansion or its activations, so rnas chose this structure. It has a 1x1 convolution to 4 channels per plane,
a depthwise k x k convolution with the stride, and a 1x1 convolution to the planes. With pre-activation, normalisation
and activation come before each convolution. With post-activation, they come after each convolution, but the last one is
only normalised. Shortcut and addition are as in the other blocks.
"""

from functools import partial
from typing import TYPE_CHECKING

from rnas.networks._block_cost import three_convolution_cost
from rnas.networks.block import Block, BlockColumns, BlockType, Place
from rnas.networks.cost import Costs
from rnas.utils._lazy import LazyModule

if TYPE_CHECKING:
    from rnas.networks.modules import blocks as modules
    from rnas.networks.modules.residual_block import BlockConstructor
else:
    modules = LazyModule("rnas.networks.modules.blocks")

INNER_CHANNELS = 4
"""Channels of the depthwise convolution per plane."""


class InvertedBottleneck(BlockType):
    """Define the type: output channels equal the planes; a conv3x3 gate is after the depthwise convolution."""

    def constructor(self, block: Block) -> "BlockConstructor":
        """Return a function that makes modules of this block."""
        return partial(modules.InvertedBottleneckBlock, style=block.style)

    def cost(self, blocks: BlockColumns, place: Place) -> Costs:
        """Return the exact costs (n,) of these blocks."""
        inner = INNER_CHANNELS * place.planes
        return three_convolution_cost(blocks, place, inner, place.planes, cardinality=inner)


BLOCK = InvertedBottleneck()
