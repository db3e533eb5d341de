"""Build blocks of a 1x1, a spatial and a 1x1 convolution, the spatial one grouped or hierarchical, and their cost."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rnas.networks import layer_cost
from rnas.networks.block import BlockColumns, BlockStyle, Place
from rnas.networks.cost import Costs
from rnas.networks.layer_cost import Count
from rnas.networks.residual_block import ResidualBlock, surroundings_cost
from rnas.networks.squeeze_excitation import CONV3X3


class ThreeConvolutionBlock(ResidualBlock):
    """Apply ``conv1`` 1x1 at the input's resolution, ``conv2`` k x k with the stride, and ``conv3`` 1x1.

    With pre-activation ``bn2`` follows conv1 and ``bn3`` follows conv2. With post-activation ``bn1`` follows conv1,
    ``bn2`` conv2 and ``bn3`` conv3. Each of them is followed by an activation, except the last with post-activation.

    With more than one scale the channels are divided into ``scales`` chunks of ``width``. All chunks except the last
    have their own convolution and normalisation. At stride 1 each reads its chunk plus the result before it, at stride
    2 only its chunk. The last chunk stays unchanged, but is average-pooled 3x3 at stride 2. This is the hierarchical
    convolution of Res2Net (Gao et al., TPAMI 2021) in the form of the RobustResNets.

    Args:
        in_channels: channels of the input.
        width: channels of the spatial convolution, for each of the scales.
        out_channels: channels of the output.
        stride: 1 or 2.
        style: style of the block.
        scales: number of chunks.
        cardinality: groups of the spatial convolution.
        first_input_raw: whether the branch reads the block's input also with pre-activation.
    """

    def __init__(
        self,
        in_channels: int,
        width: int,
        out_channels: int,
        stride: int,
        style: BlockStyle,
        *,
        scales: int = 1,
        cardinality: int = 1,
        first_input_raw: bool = False,
    ) -> None:
        middle = width * scales
        super().__init__(in_channels, middle, out_channels, stride, style, first_input_raw=first_input_raw)
        self.scales = scales
        self.stride = stride
        normalization = style.normalization
        kernel, padding = style.kernel_size, style.kernel_size // 2
        chunks = range(scales - 1)
        spatial = [
            nn.Conv2d(width, width, kernel, stride, padding, groups=cardinality, bias=False) for _ in chunks or [0]
        ]
        norms = [normalization(width) for _ in chunks or [0]]
        convolution, norm = (nn.ModuleList(spatial), nn.ModuleList(norms)) if chunks else (spatial[0], norms[0])
        self.conv1 = nn.Conv2d(in_channels, middle, 1, bias=False)
        self.conv2 = convolution
        self.conv3 = nn.Conv2d(middle, out_channels, 1, bias=False)
        if self.pre:
            self.bn1, self.bn2, self.bn3 = normalization(in_channels), normalization(middle), norm
        else:
            self.bn1, self.bn2, self.bn3 = normalization(middle), norm, normalization(out_channels)

    def branch(self, x: Tensor) -> Tensor:
        """Apply the three convolutions."""
        first, spatial = (self.bn2, self.bn3) if self.pre else (self.bn1, self.bn2)
        chunks = self._hierarchical(self.activation(first(self.conv1(x))), spatial)
        out: Tensor = self.conv3(self.gated(chunks, CONV3X3))
        return out if self.pre else self.bn3(out)

    def _hierarchical(self, x: Tensor, norms: nn.Module) -> Tensor:
        chunks = x.chunk(self.scales, dim=1)
        results: list[Tensor] = []
        for chunk, convolution, norm in zip(chunks, _listed(self.conv2), _listed(norms), strict=False):
            joined = chunk + results[-1] if results and self.stride == 1 else chunk
            results.append(self.activation(norm(convolution(joined))))
        if self.scales == 1:
            return results[0]
        last = chunks[-1] if self.stride == 1 else F.avg_pool2d(chunks[-1], 3, self.stride, padding=1)
        return torch.cat([*results, last], dim=1)


def _listed(modules: nn.Module) -> list[nn.Module]:
    return list(modules) if isinstance(modules, nn.ModuleList) else [modules]


def three_convolution_cost(
    blocks: BlockColumns,
    place: Place,
    width: Count,
    out_channels: Count,
    *,
    scales: Count = 1,
    cardinality: Count = 1,
) -> Costs:
    """Return the costs (n,) of a :class:`ThreeConvolutionBlock` with these arguments."""
    middle = width * scales
    convolutions = scales - (scales > 1)
    return (
        layer_cost.convolution(place.in_channels, middle, 1, place.in_positions)
        + layer_cost.convolution(width, width, blocks.kernel_size, place.positions, cardinality) * convolutions
        + layer_cost.convolution(middle, out_channels, 1, place.positions)
        + layer_cost.parameters(blocks.normalization * (middle + width * convolutions))
        + surroundings_cost(blocks, place, middle, out_channels, connected=True)
    )
