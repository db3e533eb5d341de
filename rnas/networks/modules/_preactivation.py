"""Residual networks whose blocks begin with normalisation and activation."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from rnas.networks.resnet import BlockPlace, block_places


class PreActivationBlock(nn.Module):
    """Apply normalisation, ReLU and a convolution, two or three times, and add the shortcut.

    Args:
        place: sizes of the block.
        bias: whether the convolutions have a bias.
        raw_shortcut: whether the shortcut's convolution reads the input itself, not the activated one.
    """

    def __init__(self, place: BlockPlace, bias: bool, raw_shortcut: bool) -> None:
        super().__init__()
        self.norms, self.convs = nn.ModuleList(), nn.ModuleList()
        for inputs, outputs, kernel, stride in place.convolutions:
            self.norms.append(nn.BatchNorm2d(inputs))
            self.convs.append(nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=bias))
        self.raw_shortcut = raw_shortcut
        self.shortcut = nn.Conv2d(place.inputs, place.outputs, 1, place.stride, bias=bias) if place.projected else None

    def forward(self, maps: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, outputs, ceil(H / stride), ceil(W / stride))."""
        out = first = torch.relu(self.norms[0](maps))
        for number, convolution in enumerate(self.convs):
            out = convolution(out if number == 0 else torch.relu(self.norms[number](out)))
        kept = maps if self.shortcut is None else self.shortcut(maps if self.raw_shortcut else first)
        return kept + out


class PreActivationNetwork(nn.Module):
    """Apply a 3x3 convolution, the stages, pooling and the classifier.

    Args:
        image_channels: channels of an image.
        num_classes: number of logits.
        depths: number of blocks of each stage.
        channels: channels of the 3x3 convolutions of each stage.
        expansion: 1 for blocks of two 3x3 convolutions, 4 for bottlenecks.
        stem: channels of the first convolution.
        bias: whether the convolutions have a bias.
        raw_shortcut: whether shortcuts read the input itself, not the activated one.
        final_normalization: whether normalisation and ReLU follow the last block.
    """

    def __init__(
        self,
        image_channels: int,
        num_classes: int,
        *,
        depths: Sequence[int],
        channels: Sequence[int],
        expansion: int,
        stem: int,
        bias: bool,
        raw_shortcut: bool,
        final_normalization: bool,
    ) -> None:
        super().__init__()
        places = block_places(depths, channels, expansion, stem=stem)
        outputs = places[-1].outputs
        self.conv1 = nn.Conv2d(image_channels, stem, 3, padding=1, bias=bias)
        self.blocks = nn.Sequential(*(PreActivationBlock(place, bias, raw_shortcut) for place in places))
        self.final = nn.Sequential(*([nn.BatchNorm2d(outputs), nn.ReLU()] if final_normalization else []))
        self.linear = nn.Linear(outputs, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, C, H, W) to logits (N, num_classes)."""
        maps = self.final(self.blocks(self.conv1(images)))
        logits: Tensor = self.linear(maps.mean(dim=(2, 3)))
        return logits
