"""The inverted bottleneck: expansion, depthwise convolution, projection (Sandler et al., CVPR 2018).

"Revisiting Residual Networks for Adversarial Robustness" (Huang, Lu, Deb, Boddeti, CVPR 2023) compares one without
giving its expansion or its activations; this structure is ours. 1x1 to 4 channels a plane, depthwise k x k with the
stride, 1x1 to the planes; a normalisation and activation before each convolution with pre-activation, after
each but the last, which is only normalised, with post-activation; shortcut and addition as in the other blocks.
"""

from functools import partial
from typing import TYPE_CHECKING

from rnas.networks.block import Block, BlockColumns, BlockType, Place
from rnas.networks.block_cost import three_convolution_cost
from rnas.networks.cost import Costs
from rnas.utils.lazy import LazyModule

if TYPE_CHECKING:
    from rnas.networks.modules import blocks as modules
    from rnas.networks.modules.residual_block import BlockConstructor
else:
    modules = LazyModule("rnas.networks.modules.blocks")

INNER_CHANNELS = 4
"""Channels of the depthwise convolution a plane."""


class InvertedBottleneck(BlockType):
    """Output channels equal the planes; a conv3x3 gate stands after the depthwise convolution."""

    def constructor(self, block: Block) -> "BlockConstructor":
        """See :meth:`BlockType.constructor`."""
        return partial(modules.InvertedBottleneckBlock, style=block.style)

    def cost(self, blocks: BlockColumns, place: Place) -> Costs:
        """See :meth:`BlockType.cost`."""
        inner = INNER_CHANNELS * place.planes
        return three_convolution_cost(blocks, place, inner, place.planes, cardinality=inner)


BLOCK = InvertedBottleneck()
