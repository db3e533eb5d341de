"""Build DenseNet for small images (Huang et al., CVPR 2017), with a given width of every transition.

DN-121-R is the reconfiguration of DenseNet-121 by Huang et al. (NeurIPS 2021): the last stage starts narrower.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from pydantic import ConfigDict
from torch import Tensor, nn

from rnas.errors import InputError
from rnas.networks.architecture import Shape
from rnas.networks.cost import Cost, Costs
from rnas.networks.counting import Size, batch_norm, classifier, convolution, single, total


@dataclass(frozen=True)
class DenseNet:
    """Describe stages of densely connected bottleneck layers, separated by a 1x1 convolution and 2x2 average pooling.

    Attributes:
        depths: number of layers of each stage.
        channels: channels at the start of each stage: of the stem, then of each transition.
        growth: channels that a layer adds.

    Raises:
        InputError: there is no stage, a stage has no channels, or a number is below 1.
    """

    kind: ClassVar[str] = "densenet"
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    depths: tuple[int, ...] = (6, 12, 24, 16)
    channels: tuple[int, ...] = (64, 128, 256, 512)
    growth: int = 32

    def __post_init__(self) -> None:
        if len(self.depths) != len(self.channels):
            raise InputError(f"DenseNet has {len(self.depths)} depths and {len(self.channels)} channels; give as many")
        if not self.depths or min(*self.depths, *self.channels, self.growth) < 1:
            raise InputError(
                f"DenseNet depths {list(self.depths)}, channels {list(self.channels)}, growth {self.growth}: "
                "at least one stage, every number at least 1"
            )

    def build(self, num_classes: int, input_shape: Shape) -> nn.Module:
        """Return the network; raise InputError if the images are too small for its poolings."""
        self._check(input_shape)
        return DenseNetwork(input_shape[0], num_classes, self.depths, self.channels, self.growth)

    def cost(self, input_shape: Shape, num_classes: int) -> Cost:
        """Return exact params and FLOPs; raise InputError if the images are too small for its poolings."""
        self._check(input_shape)
        size = input_shape[1:]
        costs = [convolution(input_shape[0], self.channels[0], 3, size)]
        for stage, (depth, channels) in enumerate(zip(self.depths, self.channels, strict=True)):
            costs += [_layer_cost(channels + layer * self.growth, self.growth, size) for layer in range(depth)]
            end = channels + depth * self.growth
            costs.append(batch_norm(end))
            if stage + 1 < len(self.depths):
                costs.append(convolution(end, self.channels[stage + 1], 1, size))
                size = size[0] // 2, size[1] // 2
        return single(total([*costs, classifier(end, num_classes)]))

    def _check(self, input_shape: Shape) -> None:
        least = 2 ** (len(self.depths) - 1)
        if min(input_shape[1:]) < least:
            raise InputError(
                f"DenseNet with {len(self.depths)} stages cannot halve {input_shape[1]}x{input_shape[2]} images "
                f"that often: give sides of at least {least}, or fewer stages"
            )


def _layer_cost(inputs: int, growth: int, size: Size) -> Costs:
    narrow = batch_norm(inputs) + convolution(inputs, 4 * growth, 1, size)
    return narrow + batch_norm(4 * growth) + convolution(4 * growth, growth, 3, size)


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
