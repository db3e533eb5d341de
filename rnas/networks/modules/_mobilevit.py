"""MobileViTs."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from rnas.networks.modules._tokens import EncoderLayer


def convolved(inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    """Return a convolution, a normalisation and SiLU."""
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, groups=groups, bias=False)
    return [convolution, nn.BatchNorm2d(outputs), nn.SiLU()]


class InvertedResidual(nn.Module):
    """Widen, convolve each channel and narrow; the input is added where the shape stays.

    Args:
        inputs: channels of the input.
        outputs: channels of the output.
        stride: stride of the convolution.
        expansion: channels inside in multiples of the input's.
    """

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = expansion * inputs
        self.is_added = stride == 1 and inputs == outputs
        self.layers = nn.Sequential(
            *convolved(inputs, hidden, 1),
            *convolved(hidden, hidden, 3, stride, groups=hidden),
            nn.Conv2d(hidden, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )

    def forward(self, maps: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, outputs, ceil(H / stride), ceil(W / stride))."""
        out: Tensor = self.layers(maps)
        return maps + out if self.is_added else out


class MobileViTBlock(nn.Module):
    """Convolve a map, mix its positions by attention among those with the same place in their 2x2 patch, and fuse.

    Args:
        channels: channels of the map.
        width: channels of a token.
        depth: number of layers of attention.
        heads: number of heads.
        head_width: channels of a head.
        hidden: channels of the feed-forward parts.
    """

    def __init__(self, channels: int, width: int, depth: int, heads: int, head_width: int, hidden: int) -> None:
        super().__init__()
        self.enter = nn.Sequential(*convolved(channels, channels, 3), *convolved(channels, width, 1))
        layers = (EncoderLayer(width, heads, head_width, hidden, activation=nn.SiLU) for _ in range(depth))
        self.layers = nn.Sequential(*layers)
        self.leave = nn.Sequential(*convolved(width, channels, 1))
        self.fuse = nn.Sequential(*convolved(2 * channels, channels, 3))

    def forward(self, maps: Tensor) -> Tensor:
        """Map (N, C, H, W) with even H and W to the same shape."""
        local = self.enter(maps)
        count, width, rows, columns = local.shape
        cut = local.reshape(count, width, rows // 2, 2, columns // 2, 2).permute(0, 3, 5, 2, 4, 1)
        mixed = self.layers(cut.flatten(3, 4).flatten(1, 2))
        cut = mixed.reshape(count, 2, 2, rows // 2, columns // 2, width).permute(0, 5, 3, 1, 4, 2)
        out: Tensor = self.fuse(torch.cat([self.leave(cut.reshape(count, width, rows, columns)), maps], dim=1))
        return out


class MobileViTNetwork(nn.Module):
    """Run convolutional stages, of which the last three end with attention, and classify the mean map.

    Args:
        image_channels: channels of an image.
        num_classes: number of logits.
        channels: channels of the stem and of the five stages.
        strides: strides of the stem and of the stages but the first.
        widths: channels of a token of the last three stages.
        depths: layers of attention of the last three stages.
        hidden: channels of their feed-forward parts.
        heads: number of heads.
        head_width: channels of a head.
        expansion: channels inside an inverted residual, and of the last map, in multiples of their input's.
    """

    def __init__(
        self,
        image_channels: int,
        num_classes: int,
        *,
        channels: Sequence[int],
        strides: Sequence[int],
        widths: Sequence[int],
        depths: Sequence[int],
        hidden: Sequence[int],
        heads: int,
        head_width: int,
        expansion: int,
    ) -> None:
        super().__init__()
        stem, first, second, *attending = channels
        layers: list[nn.Module] = convolved(image_channels, stem, 3, strides[0])
        layers.append(InvertedResidual(stem, first, 1, expansion))
        layers.append(InvertedResidual(first, second, strides[1], expansion))
        layers += [InvertedResidual(second, second, 1, expansion) for _ in range(2)]
        inputs = second
        for outputs, stride, width, depth, inner in zip(attending, strides[2:], widths, depths, hidden, strict=True):
            layers.append(InvertedResidual(inputs, outputs, stride, expansion))
            layers.append(MobileViTBlock(outputs, width, depth, heads, head_width, inner))
            inputs = outputs
        layers += convolved(inputs, expansion * inputs, 1)
        self.layers = nn.Sequential(*layers)
        self.head = nn.Linear(expansion * inputs, num_classes, bias=False)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, C, H, W) to logits (N, num_classes)."""
        logits: Tensor = self.head(self.layers(images).mean(dim=(2, 3)))
        return logits
