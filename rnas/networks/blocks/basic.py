"""Define the basic block: two spatial convolutions (He, Zhang, Ren, Sun, CVPR and ECCV 2016)."""

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from rnas.networks import layer_cost
from rnas.networks._block_cost import surroundings_cost
from rnas.networks.block import COMMON_FIELDS, RAW, Block, BlockColumns, BlockType, Place
from rnas.networks.cost import Costs
from rnas.utils._lazy import LazyModule

if TYPE_CHECKING:
    from rnas.networks.modules import blocks as modules
    from rnas.networks.modules.residual_block import BlockConstructor
else:
    modules = LazyModule("rnas.networks.modules.blocks")


class Basic(BlockType):
    """Define the basic type: output channels equal the planes; a conv3x3 gate is between the two convolutions."""

    fields = COMMON_FIELDS | {"equal_width_shortcut"}
    connected: ClassVar[bool] = True
    """Whether there is an identity branch."""

    @property
    def module(self) -> "type[modules.BasicBlock]":
        """Return the class of its blocks."""
        return modules.BasicBlock

    def constructor(self, block: Block) -> "BlockConstructor":
        """Return a function that makes modules of this block."""
        raw = block.equal_width_shortcut == RAW
        return partial(self.module, style=block.style, equal_width_shortcut_raw=raw)

    def cost(self, blocks: BlockColumns, place: Place) -> Costs:
        """Return the exact costs (n,) of these blocks."""
        planes, kernel = place.planes, blocks.kernel_size
        return (
            layer_cost.convolution(place.in_channels, planes, kernel, place.positions)
            + layer_cost.convolution(planes, planes, kernel, place.positions)
            + layer_cost.parameters(blocks.normalization * planes)
            + surroundings_cost(blocks, place, planes, planes, self.connected)
        )


BLOCK = Basic()
