"""The basic block: two spatial convolutions (He, Zhang, Ren, Sun, CVPR and ECCV 2016)."""

from torch import Tensor, nn

from rnas.networks import layer_cost
from rnas.networks.block import COMMON_FIELDS, RAW, Block, BlockColumns, BlockType, Place
from rnas.networks.cost import Costs
from rnas.networks.normalization import NORMALIZATIONS
from rnas.networks.residual_block import ResidualBlock, surroundings_cost
from rnas.networks.squeeze_excitation import CONV3X3


class BasicBlock(ResidualBlock):
    """Pre: ``conv2(act(bn2(conv1(act(bn1(x))))))``. Post: ``bn2(conv2(act(bn1(conv1(x)))))``."""

    def __init__(self, block: Block, in_channels: int, planes: int, stride: int) -> None:
        raw = block.equal_width_shortcut == RAW and in_channels == planes
        super().__init__(block, in_channels, planes, planes, stride, shortcut_input_raw=raw)
        normalization = NORMALIZATIONS[block.normalization].make
        kernel, padding = block.kernel_size, block.kernel_size // 2
        self.bn1 = normalization(in_channels if self.pre else planes)
        self.conv1 = nn.Conv2d(in_channels, planes, kernel, stride, padding, bias=False)
        self.bn2 = normalization(planes)
        self.conv2 = nn.Conv2d(planes, planes, kernel, 1, padding, bias=False)

    def branch(self, x: Tensor) -> Tensor:
        """The two convolutions."""
        between = self.bn2 if self.pre else self.bn1
        between_convolutions = self.gated(self.activation(between(self.conv1(x))), CONV3X3)
        out: Tensor = self.conv2(between_convolutions)
        return out if self.pre else self.bn2(out)


class Basic(BlockType):
    """Output channels equal the planes; a conv3x3 gate stands between the two convolutions."""

    fields = COMMON_FIELDS | {"equal_width_shortcut"}
    module: type[BasicBlock] = BasicBlock

    def build(self, block: Block, in_channels: int, planes: int, stride: int) -> nn.Module:
        """See :meth:`BlockType.build`."""
        return self.module(block, in_channels, planes, stride)

    def cost(self, blocks: BlockColumns, place: Place) -> Costs:
        """See :meth:`BlockType.cost`."""
        planes, kernel = place.planes, blocks.kernel_size
        return (
            layer_cost.convolution(place.in_channels, planes, kernel, place.positions)
            + layer_cost.convolution(planes, planes, kernel, place.positions)
            + layer_cost.parameters(blocks.normalization * planes)
            + surroundings_cost(blocks, place, planes, planes, self.module.connected)
        )


BLOCK = Basic()
