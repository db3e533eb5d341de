"""DenseNets for small images."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class DenseLayer(nn.Module):
    """Apply normalisation, ReLU and a convolution, all twice, and put the result before the input's channels."""

    def __init__(self, inputs: int, growth: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, 4 * growth, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(4 * growth)
        self.conv2 = nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, growth + inputs, H, W)."""
        new = self.conv1(torch.relu(self.bn1(x)))
        new = self.conv2(torch.relu(self.bn2(new)))
        return torch.cat([new, x], dim=1)


class Transition(nn.Module):
    """Apply normalisation, ReLU, a 1x1 convolution and 2x2 average pooling."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.bn = nn.BatchNorm2d(inputs)
        self.conv = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.pool = nn.AvgPool2d(2)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, outputs, H // 2, W // 2)."""
        out: Tensor = self.pool(self.conv(torch.relu(self.bn(x))))
        return out


class DenseNetwork(nn.Module):
    """Apply the stem, the stages with their transitions, and the head.

    Args:
        image_channels: channels of an image.
        num_classes: number of logits.
        depths: number of layers of each stage.
        channels: channels at the start of each stage: of the stem, then of each transition.
        growth: channels that a layer adds.
    """

    def __init__(
        self, image_channels: int, num_classes: int, depths: Sequence[int], channels: Sequence[int], growth: int
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(image_channels, channels[0], 3, padding=1, bias=False)
        self.stages = nn.Sequential()
        for stage, depth in enumerate(depths):
            layers = (DenseLayer(channels[stage] + layer * growth, growth) for layer in range(depth))
            parts: list[nn.Module] = [nn.Sequential(*layers)]
            end = channels[stage] + depth * growth
            if stage + 1 < len(channels):
                parts.append(Transition(end, channels[stage + 1]))
            self.stages.append(nn.Sequential(*parts))
        self.bn = nn.BatchNorm2d(end)
        # For images of the published size, 32x32, this equals the published average over 4x4.
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.linear = nn.Linear(end, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, C, H, W) to logits (N, num_classes)."""
        features = torch.relu(self.bn(self.stages(self.conv1(images))))
        logits: Tensor = self.linear(self.pool(features).flatten(1))
        return logits
