"""Operations on the edges of a cell: what each builds and what it costs.

The set of DARTS (Liu et al., ICLR 2019) with the two of NASNet and AmoebaNet. All keep the number of
channels; with stride 2 they halve a map of even sides. An operation is one entry of ``OPERATIONS``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor, cat, nn

from rnas.errors import InputError
from rnas.networks.cost import Costs
from rnas.networks.counting import FREE, Size, batch_norm, convolution, strided


class ReLUConvBN(nn.Module):
    """ReLU, 1x1 convolution, batch normalisation."""

    def __init__(self, inputs: int, outputs: int, affine: bool = True) -> None:
        super().__init__()
        self.op = nn.Sequential(
            nn.ReLU(), nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs, affine=affine)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H, W)."""
        out: Tensor = self.op(x)
        return out


class FactorizedReduce(nn.Module):
    """Halves a map by two 1x1 convolutions of stride 2, the second shifted by one pixel in both axes."""

    def __init__(self, inputs: int, outputs: int, affine: bool = True) -> None:
        super().__init__()
        self.relu = nn.ReLU()
        self.conv_1 = nn.Conv2d(inputs, outputs // 2, 1, stride=2, bias=False)
        self.conv_2 = nn.Conv2d(inputs, outputs // 2, 1, stride=2, bias=False)
        self.bn = nn.BatchNorm2d(outputs, affine=affine)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H / 2, W / 2); outputs, H and W even."""
        x = self.relu(x)
        out: Tensor = self.bn(cat([self.conv_1(x), self.conv_2(x[:, :, 1:, 1:])], dim=1))
        return out


class SeparableConv(nn.Module):
    """Twice: ReLU, depthwise k x k convolution, 1x1 convolution, batch normalisation."""

    def __init__(self, channels: int, kernel: int, stride: int, affine: bool = True) -> None:
        super().__init__()
        self.op = nn.Sequential(
            *_depthwise_separable(channels, kernel, stride, 1, affine),
            *_depthwise_separable(channels, kernel, 1, 1, affine),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, H, W) to (N, channels, H / stride, W / stride)."""
        out: Tensor = self.op(x)
        return out


class DilatedConv(nn.Module):
    """ReLU, depthwise k x k convolution of dilation 2, 1x1 convolution, batch normalisation."""

    def __init__(self, channels: int, kernel: int, stride: int, affine: bool = True) -> None:
        super().__init__()
        self.op = nn.Sequential(*_depthwise_separable(channels, kernel, stride, 2, affine))

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, H, W) to (N, channels, H / stride, W / stride)."""
        out: Tensor = self.op(x)
        return out


class SevenBySeven(nn.Module):
    """ReLU, 1x7 convolution, 7x1 convolution, batch normalisation."""

    def __init__(self, channels: int, stride: int, affine: bool = True) -> None:
        super().__init__()
        self.op = nn.Sequential(
            nn.ReLU(),
            nn.Conv2d(channels, channels, (1, 7), stride=(1, stride), padding=(0, 3), bias=False),
            nn.Conv2d(channels, channels, (7, 1), stride=(stride, 1), padding=(3, 0), bias=False),
            nn.BatchNorm2d(channels, affine=affine),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, H, W) to (N, channels, H / stride, W / stride)."""
        out: Tensor = self.op(x)
        return out


class Zero(nn.Module):
    """Multiplies by 0, so that NaN and infinity of its input still show."""

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, H, W) to zeros (N, channels, H / stride, W / stride)."""
        return x[:, :, :: self.stride, :: self.stride] * 0.0


def _depthwise_separable(channels: int, kernel: int, stride: int, dilation: int, affine: bool) -> tuple[nn.Module, ...]:
    padding = dilation * (kernel // 2)
    return (
        nn.ReLU(),
        nn.Conv2d(channels, channels, kernel, stride, padding=padding, dilation=dilation, groups=channels, bias=False),
        nn.Conv2d(channels, channels, 1, bias=False),
        nn.BatchNorm2d(channels, affine=affine),
    )


def relu_conv_bn_cost(inputs: int, outputs: int, size: Size, affine: bool = True) -> Costs:
    """Cost of :class:`ReLUConvBN` on a map of this size."""
    return convolution(inputs, outputs, 1, size) + batch_norm(outputs, affine=affine)


def factorized_reduce_cost(inputs: int, outputs: int, size: Size, affine: bool = True) -> Costs:
    """Cost of :class:`FactorizedReduce` on a map of this size before it is halved."""
    half = convolution(inputs, outputs // 2, 1, strided(size, 2))
    return half * 2 + batch_norm(outputs, affine=affine)


def identity(channels: int, stride: int, affine: bool = True) -> nn.Module:
    """The identity, or its replacement where the map is halved."""
    return nn.Identity() if stride == 1 else FactorizedReduce(channels, channels, affine)


def identity_cost(channels: int, stride: int, size: Size, affine: bool = True) -> Costs:
    """Cost of :func:`identity` on an input of this size."""
    return FREE if stride == 1 else factorized_reduce_cost(channels, channels, size, affine)


def separable_conv_cost(channels: int, kernel: int, stride: int, size: Size, affine: bool = True) -> Costs:
    """Cost of :class:`SeparableConv` on an input of this size."""
    return _depthwise_separable_cost(channels, kernel, strided(size, stride), affine) * 2


def _depthwise_separable_cost(channels: int, kernel: int, output: Size, affine: bool) -> Costs:
    depthwise = convolution(channels, channels, kernel, output, groups=channels)
    return depthwise + convolution(channels, channels, 1, output) + batch_norm(channels, affine=affine)


def _seven_by_seven_cost(channels: int, stride: int, size: Size) -> Costs:
    height, width = strided(size, stride)
    # Seven weights a pair of channels, as a 1x1 convolution on seven times the channels has.
    rows = convolution(7 * channels, channels, 1, (size[0], width))
    columns = convolution(7 * channels, channels, 1, (height, width))
    return rows + columns + batch_norm(channels)


@dataclass(frozen=True)
class Operation:
    """An operation of a cell.

    Attributes:
        build: (channels, stride) to the module.
        cost: (channels, stride, size of the input map) to its cost.
    """

    build: Callable[[int, int], nn.Module]
    cost: Callable[[int, int, Size], Costs]


def _separable(kernel: int) -> Operation:
    return Operation(
        build=lambda channels, stride: SeparableConv(channels, kernel, stride),
        cost=lambda channels, stride, size: separable_conv_cost(channels, kernel, stride, size),
    )


def _dilated(kernel: int) -> Operation:
    return Operation(
        build=lambda channels, stride: DilatedConv(channels, kernel, stride),
        cost=lambda channels, stride, size: _depthwise_separable_cost(channels, kernel, strided(size, stride), True),
    )


def _free(build: Callable[[int], nn.Module]) -> Operation:
    return Operation(build=lambda _channels, stride: build(stride), cost=lambda _channels, _stride, _size: FREE)


OPERATIONS: Mapping[str, Operation] = {
    "max_pool_3x3": _free(lambda stride: nn.MaxPool2d(3, stride, padding=1)),
    "avg_pool_3x3": _free(lambda stride: nn.AvgPool2d(3, stride, padding=1, count_include_pad=False)),
    "skip_connect": Operation(identity, identity_cost),
    "sep_conv_3x3": _separable(3),
    "sep_conv_5x5": _separable(5),
    "dil_conv_3x3": _dilated(3),
    "dil_conv_5x5": _dilated(5),
    "sep_conv_7x7": _separable(7),
    "conv_7x1_1x7": Operation(SevenBySeven, _seven_by_seven_cost),
    "none": _free(Zero),
}


def find_operation(name: str) -> Operation:
    """The operation of this name; InputError with the known names when there is none."""
    if name not in OPERATIONS:
        raise InputError(f"unknown operation {name!r} in a cell; known: {', '.join(OPERATIONS)}")
    return OPERATIONS[name]
