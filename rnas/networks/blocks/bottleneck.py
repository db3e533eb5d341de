"""The bottleneck block: 1x1, spatial and 1x1 convolutions (He, Zhang, Ren, Sun, CVPR and ECCV 2016)."""

from torch import nn

from rnas.networks.block import COMMON_FIELDS, RAW, Block, BlockColumns, BlockType, Place
from rnas.networks.cost import Costs
from rnas.networks.three_convolutions import ThreeConvolutionBlock, three_convolution_cost


class Bottleneck(BlockType):
    """The spatial convolution has as many channels as planes, the output four times as many."""

    fields = COMMON_FIELDS | {"first_input"}
    expansion = 4

    def build(self, block: Block, in_channels: int, planes: int, stride: int) -> nn.Module:
        """See :meth:`BlockType.build`."""
        return ThreeConvolutionBlock(
            block, in_channels, planes, self.out_channels(planes), stride, first_input_raw=block.first_input == RAW
        )

    def cost(self, blocks: BlockColumns, place: Place) -> Costs:
        """See :meth:`BlockType.cost`."""
        return three_convolution_cost(blocks, place, place.planes, self.out_channels(place.planes))


BLOCK = Bottleneck()
