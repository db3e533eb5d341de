"""Define the operations on the edges of a cell: their modules and their costs.

The set is that of DARTS (Liu et al., ICLR 2019) with the two of NASNet and AmoebaNet. All operations keep the number of
channels; with stride 2 they halve a map with even sides. An operation is one entry of ``OPERATIONS``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from torch import Tensor, cat, nn

from rnas.errors import InputError
from rnas.networks.cost import Costs
from rnas.networks.counting import FREE, Size, batch_norm, convolution, strided


class ReLUConvBN(nn.Module):
    """Apply ReLU, a 1x1 convolution and batch normalisation."""

    def __init__(self, inputs: int, outputs: int, affine: bool = True) -> None:
        super().__init__()
        self.op = nn.Sequential(
            nn.ReLU(), nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs, affine=affine)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, outputs, H, W)."""
        out: Tensor = self.op(x)
        return out


class FactorizedReduce(nn.Module):
    """Halve a map by two 1x1 convolutions of stride 2; the second is shifted by one pixel in both axes."""

    def __init__(self, inputs: int, outputs: int, affine: bool = True) -> None:
        super().__init__()
        self.relu = nn.ReLU()
        self.conv_1 = nn.Conv2d(inputs, outputs // 2, 1, stride=2, bias=False)
        self.conv_2 = nn.Conv2d(inputs, outputs // 2, 1, stride=2, bias=False)
        self.bn = nn.BatchNorm2d(outputs, affine=affine)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, outputs, H / 2, W / 2); outputs, H and W are even."""
        x = self.relu(x)
        out: Tensor = self.bn(cat([self.conv_1(x), self.conv_2(x[:, :, 1:, 1:])], dim=1))
        return out


class SeparableConv(nn.Module):
    """Apply ReLU, a depthwise k x k convolution, a 1x1 convolution and batch normalisation, all of it twice."""

    def __init__(self, channels: int, stride: int, kernel: int, affine: bool = True) -> None:
        super().__init__()
        self.op = nn.Sequential(
            *_depthwise_separable(channels, kernel, stride, 1, affine),
            *_depthwise_separable(channels, kernel, 1, 1, affine),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, channels, H, W) to (N, channels, H / stride, W / stride)."""
        out: Tensor = self.op(x)
        return out


class DilatedConv(nn.Module):
    """Apply ReLU, a depthwise k x k convolution of dilation 2, a 1x1 convolution and batch normalisation."""

    def __init__(self, channels: int, stride: int, kernel: int, affine: bool = True) -> None:
        super().__init__()
        self.op = nn.Sequential(*_depthwise_separable(channels, kernel, stride, 2, affine))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, channels, H, W) to (N, channels, H / stride, W / stride)."""
        out: Tensor = self.op(x)
        return out


class SevenBySeven(nn.Module):
    """Apply ReLU, a 1x7 convolution, a 7x1 convolution and batch normalisation."""

    def __init__(self, channels: int, stride: int, affine: bool = True) -> None:
        super().__init__()
        self.op = nn.Sequential(
            nn.ReLU(),
            nn.Conv2d(channels, channels, (1, 7), stride=(1, stride), padding=(0, 3), bias=False),
            nn.Conv2d(channels, channels, (7, 1), stride=(stride, 1), padding=(3, 0), bias=False),
            nn.BatchNorm2d(channels, affine=affine),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, channels, H, W) to (N, channels, H / stride, W / stride)."""
        out: Tensor = self.op(x)
        return out


class Zero(nn.Module):
    """Multiply by 0, so that NaN and infinity of the input remain visible."""

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, channels, H, W) to zeros (N, channels, H / stride, W / stride)."""
        return x[:, :, :: self.stride, :: self.stride] * 0.0


def max_pool(channels: int, stride: int) -> nn.Module:
    """Return a 3x3 maximum pooling; any number of channels works."""
    return nn.MaxPool2d(3, stride, padding=1)


def avg_pool(channels: int, stride: int) -> nn.Module:
    """Return a 3x3 average pooling; any number of channels works."""
    return nn.AvgPool2d(3, stride, padding=1, count_include_pad=False)


def zero(channels: int, stride: int) -> nn.Module:
    """Return the operation that gives zeros; any number of channels works."""
    return Zero(stride)


def _depthwise_separable(channels: int, kernel: int, stride: int, dilation: int, affine: bool) -> tuple[nn.Module, ...]:
    padding = dilation * (kernel // 2)
    return (
        nn.ReLU(),
        nn.Conv2d(channels, channels, kernel, stride, padding=padding, dilation=dilation, groups=channels, bias=False),
        nn.Conv2d(channels, channels, 1, bias=False),
        nn.BatchNorm2d(channels, affine=affine),
    )


def relu_conv_bn_cost(inputs: int, outputs: int, size: Size, affine: bool = True) -> Costs:
    """Return the cost of :class:`ReLUConvBN` on a map of this size."""
    return convolution(inputs, outputs, 1, size) + batch_norm(outputs, affine=affine)


def factorized_reduce_cost(inputs: int, outputs: int, size: Size, affine: bool = True) -> Costs:
    """Return the cost of :class:`FactorizedReduce` on a map of this size before it is halved."""
    half = convolution(inputs, outputs // 2, 1, strided(size, 2))
    return half * 2 + batch_norm(outputs, affine=affine)


def identity(channels: int, stride: int, affine: bool = True) -> nn.Module:
    """Return the identity, or its replacement if the map is halved."""
    return nn.Identity() if stride == 1 else FactorizedReduce(channels, channels, affine)


def identity_cost(channels: int, stride: int, size: Size, affine: bool = True) -> Costs:
    """Return the cost of :func:`identity` on an input of this size."""
    return FREE if stride == 1 else factorized_reduce_cost(channels, channels, size, affine)


def separable_conv_cost(channels: int, kernel: int, stride: int, size: Size, affine: bool = True) -> Costs:
    """Return the cost of :class:`SeparableConv` on an input of this size."""
    return _depthwise_separable_cost(channels, kernel, strided(size, stride), affine) * 2


def _depthwise_separable_cost(channels: int, kernel: int, output: Size, affine: bool) -> Costs:
    depthwise = convolution(channels, channels, kernel, output, groups=channels)
    return depthwise + convolution(channels, channels, 1, output) + batch_norm(channels, affine=affine)


def _seven_by_seven_cost(channels: int, stride: int, size: Size) -> Costs:
    height, width = strided(size, stride)
    # There are seven weights for each pair of channels, as in a 1x1 convolution on seven times the channels.
    rows = convolution(7 * channels, channels, 1, (size[0], width))
    columns = convolution(7 * channels, channels, 1, (height, width))
    return rows + columns + batch_norm(channels)


OperationConstructor = Callable[[int, int], nn.Module]
"""A function from channels and stride to the module of an operation."""


@dataclass(frozen=True)
class Operation:
    """Describe an operation of a cell.

    Attributes:
        build: (channels, stride) to the module; a class, a function or a ``functools.partial`` of one of them.
        cost: (channels, stride, size of the input map) to its cost.
    """

    build: OperationConstructor
    cost: Callable[[int, int, Size], Costs]


def _separable(kernel: int) -> Operation:
    return Operation(
        build=partial(SeparableConv, kernel=kernel),
        cost=lambda channels, stride, size: separable_conv_cost(channels, kernel, stride, size),
    )


def _dilated(kernel: int) -> Operation:
    return Operation(
        build=partial(DilatedConv, kernel=kernel),
        cost=lambda channels, stride, size: _depthwise_separable_cost(channels, kernel, strided(size, stride), True),
    )


def _free(build: OperationConstructor) -> Operation:
    return Operation(build, cost=lambda _channels, _stride, _size: FREE)


OPERATIONS: Mapping[str, Operation] = {
    "max_pool_3x3": _free(max_pool),
    "avg_pool_3x3": _free(avg_pool),
    "skip_connect": Operation(identity, identity_cost),
    "sep_conv_3x3": _separable(3),
    "sep_conv_5x5": _separable(5),
    "dil_conv_3x3": _dilated(3),
    "dil_conv_5x5": _dilated(5),
    "sep_conv_7x7": _separable(7),
    "conv_7x1_1x7": Operation(SevenBySeven, _seven_by_seven_cost),
    "none": _free(zero),
}


def find_operation(name: str) -> Operation:
    """Return the operation of this name; raise InputError with the known names if no operation has it."""
    if name not in OPERATIONS:
        raise InputError(f"unknown operation {name!r} in a cell; known: {', '.join(OPERATIONS)}")
    return OPERATIONS[name]
