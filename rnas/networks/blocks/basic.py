"""Define the basic block: two spatial convolutions (He, Zhang, Ren, Sun, CVPR and ECCV 2016)."""

from functools import partial

from torch import Tensor, nn

from rnas.networks import layer_cost
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
from rnas.networks.residual_block import ResidualBlock, surroundings_cost
from rnas.networks.squeeze_excitation import CONV3X3


class BasicBlock(ResidualBlock):
    """Compute ``conv2(act(bn2(conv1(act(bn1(x))))))`` (pre) or ``bn2(conv2(act(bn1(conv1(x)))))`` (post) as branch.

    Args:
        in_channels: channels of the input.
        planes: channels of the output.
        stride: 1 or 2.
        style: style of the block.
        equal_width_shortcut_raw: whether the shortcut's convolution reads ``x``, also with pre-activation, if input and
            output have equally many channels.
    """

    def __init__(
        self, in_channels: int, planes: int, stride: int, style: BlockStyle, *, equal_width_shortcut_raw: bool = False
    ) -> None:
        raw = equal_width_shortcut_raw and in_channels == planes
        super().__init__(in_channels, planes, planes, stride, style, shortcut_input_raw=raw)
        normalization = style.normalization
        kernel, padding = style.kernel_size, style.kernel_size // 2
        self.bn1 = normalization(in_channels if self.pre else planes)
        self.conv1 = nn.Conv2d(in_channels, planes, kernel, stride, padding, bias=False)
        self.bn2 = normalization(planes)
        self.conv2 = nn.Conv2d(planes, planes, kernel, 1, padding, bias=False)

    def branch(self, x: Tensor) -> Tensor:
        """Apply the two convolutions."""
        between = self.bn2 if self.pre else self.bn1
        between_convolutions = self.gated(self.activation(between(self.conv1(x))), CONV3X3)
        out: Tensor = self.conv2(between_convolutions)
        return out if self.pre else self.bn2(out)


class Basic(BlockType):
    """Define the basic type: output channels equal the planes; a conv3x3 gate is between the two convolutions."""

    fields = COMMON_FIELDS | {"equal_width_shortcut"}
    module: type[BasicBlock] = BasicBlock

    def constructor(self, block: Block) -> BlockConstructor:
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
            + surroundings_cost(blocks, place, planes, planes, self.module.connected)
        )


BLOCK = Basic()
