"""Operations on the edges of a cell.

All keep the number of channels; with stride 2 they halve a map of even sides.
"""

from collections.abc import Callable

from torch import Tensor, cat, nn


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


class SevenBySeven(nn.Sequential):
    """Apply ReLU, a 1x7 convolution, a 7x1 convolution and batch normalisation.

    It maps (N, channels, H, W) to (N, channels, H / stride, W / stride).
    """

    def __init__(self, channels: int, stride: int, affine: bool = True) -> None:
        super().__init__(
            nn.ReLU(),
            nn.Conv2d(channels, channels, (1, 7), stride=(1, stride), padding=(0, 3), bias=False),
            nn.Conv2d(channels, channels, (7, 1), stride=(stride, 1), padding=(3, 0), bias=False),
            nn.BatchNorm2d(channels, affine=affine),
        )


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


def identity(channels: int, stride: int, affine: bool = True) -> nn.Module:
    """Return the identity, or its replacement if the map is halved."""
    return nn.Identity() if stride == 1 else FactorizedReduce(channels, channels, affine)


OperationConstructor = Callable[[int, int], nn.Module]
"""A function from channels and stride to the module of an operation."""
