"""ResNets for small images."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from rnas.networks.resnet import BlockPlace, block_places


class Block(nn.Module):
    """Apply convolutions with batch normalisation and ReLU, and add the shortcut before the last ReLU."""

    def __init__(self, place: BlockPlace) -> None:
        super().__init__()
        self.length = len(place.convolutions)
        for number, (inputs, outputs, kernel, stride) in enumerate(place.convolutions, start=1):
            convolution = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)
            self.add_module(f"conv{number}", convolution)
            self.add_module(f"bn{number}", nn.BatchNorm2d(outputs))
        self.shortcut = nn.Sequential()
        if place.projected:
            self.shortcut.append(nn.Conv2d(place.inputs, place.outputs, 1, stride=place.stride, bias=False))
            self.shortcut.append(nn.BatchNorm2d(place.outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, outputs, ceil(H / stride), ceil(W / stride))."""
        out = x
        for number in range(1, self.length + 1):
            out = self.get_submodule(f"bn{number}")(self.get_submodule(f"conv{number}")(out))
            if number < self.length:
                out = torch.relu(out)
        return torch.relu(out + self.shortcut(x))


class ResNetwork(nn.Module):
    """Apply the stem, the stages, pooling and the classifier.

    Args:
        image_channels: channels of an image.
        num_classes: number of logits.
        depths: number of blocks of each stage.
        channels: channels of the 3x3 convolutions of each stage; the stem has those of the first stage.
        expansion: 1 for blocks of two 3x3 convolutions, 4 for blocks of 1x1, 3x3 and 1x1.
    """

    def __init__(
        self, image_channels: int, num_classes: int, depths: Sequence[int], channels: Sequence[int], expansion: int
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(image_channels, channels[0], 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels[0])
        self.stages = len(depths)
        places = block_places(depths, channels, expansion)
        for stage in range(self.stages):
            blocks = (Block(place) for place in places if place.stage == stage)
            self.add_module(f"layer{stage + 1}", nn.Sequential(*blocks))
        # For images of the published size, 32x32, this equals the published average over 4x4.
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.linear = nn.Linear(places[-1].outputs, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, C, H, W) to logits (N, num_classes)."""
        features = torch.relu(self.bn1(self.conv1(images)))
        for stage in range(self.stages):
            features = self.get_submodule(f"layer{stage + 1}")(features)
        logits: Tensor = self.linear(self.pool(features).flatten(1))
        return logits
