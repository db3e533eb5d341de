"""The residual blocks: each is the branch of convolutions of one block type."""

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rnas.networks.blocks.bottleneck import BOTTLENECK_EXPANSION
from rnas.networks.blocks.inverted_bottleneck import INNER_CHANNELS
from rnas.networks.blocks.robust_res_block import (
    chunk_width,
)
from rnas.networks.modules.residual_block import BlockStyle, ResidualBlock
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


class NoResidualBlock(BasicBlock):
    """Apply a basic block's branch; with post-activation its end is activated."""

    connected: ClassVar[bool] = False


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


class InvertedBottleneckBlock(ThreeConvolutionBlock):
    """Apply a 1x1 convolution to four channels per plane, a depthwise one with the stride, and a 1x1 one to planes."""

    def __init__(self, in_channels: int, planes: int, stride: int, style: BlockStyle) -> None:
        inner = INNER_CHANNELS * planes
        super().__init__(in_channels, inner, planes, stride, style, cardinality=inner)


class RobustResBlock(ThreeConvolutionBlock):
    """Apply three convolutions; the spatial one is grouped and hierarchical.

    Args:
        in_channels: channels of the input.
        planes: a quarter of the channels of the output.
        stride: 1 or 2.
        style: style of the block.
        cardinality: groups of the spatial convolution.
        scales: chunks of the hierarchical convolution.
        base_width: channels per group in 160ths of the planes.
        first_input_raw: whether the first convolution reads the block's input also with pre-activation.
    """

    def __init__(
        self,
        in_channels: int,
        planes: int,
        stride: int,
        style: BlockStyle,
        *,
        cardinality: int,
        scales: int,
        base_width: int,
        first_input_raw: bool,
    ) -> None:
        width, out_channels = chunk_width(planes, base_width, cardinality), BOTTLENECK_EXPANSION * planes
        super().__init__(
            in_channels,
            width,
            out_channels,
            stride,
            style,
            scales=scales,
            cardinality=cardinality,
            first_input_raw=first_input_raw,
        )
