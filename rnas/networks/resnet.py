"""ResNet for small images (He et al., CVPR 2016): ResNet-18 and ResNet-50 as the CIFAR baselines build them.

Activation after the convolution, a 3x3 stem, four stages; pre-activation networks are in another module.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from pydantic import ConfigDict
from torch import Tensor, nn

from rnas.errors import InputError
from rnas.networks.architecture import Shape
from rnas.networks.cost import Cost, Costs
from rnas.networks.counting import Size, batch_norm, classifier, convolution, single, strided, total

_EXPANSION = {"basic": 1, "bottleneck": 4}


@dataclass(frozen=True)
class ResNet:
    """A stem and stages of residual blocks; every stage but the first halves the map.

    Attributes:
        block: two 3x3 convolutions, or 1x1, 3x3 and 1x1 with four times the channels at the end.
        depths: blocks of each stage.
        channels: channels of the 3x3 convolutions of each stage; the stem has those of the first.

    Raises:
        InputError: no stage, a stage without channels of its own, or a number below 1.
    """

    kind: ClassVar[str] = "resnet"
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    block: Literal["basic", "bottleneck"] = "basic"
    depths: tuple[int, ...] = (2, 2, 2, 2)
    channels: tuple[int, ...] = (64, 128, 256, 512)

    def __post_init__(self) -> None:
        if len(self.depths) != len(self.channels):
            raise InputError(f"ResNet has {len(self.depths)} depths and {len(self.channels)} channels; give as many")
        if not self.depths or min(*self.depths, *self.channels) < 1:
            raise InputError(
                f"ResNet depths {list(self.depths)}, channels {list(self.channels)}: "
                "at least one stage, every number at least 1"
            )

    def build(self, num_classes: int, input_shape: Shape) -> nn.Module:
        """The network; it runs on images of any size."""
        return ResNetwork(self, num_classes, input_shape[0])

    def cost(self, input_shape: Shape, num_classes: int) -> Cost:
        """Exact params and FLOPs."""
        size = input_shape[1:]
        costs = [convolution(input_shape[0], self.channels[0], 3, size), batch_norm(self.channels[0])]
        for block in self.blocks():
            costs.append(block.cost(size))
            size = strided(size, block.stride)
        return single(total([*costs, classifier(block.outputs, num_classes)]))

    def blocks(self) -> list["BlockPlace"]:
        """Every block in order."""
        places = []
        inputs = self.channels[0]
        for stage, (depth, channels) in enumerate(zip(self.depths, self.channels, strict=True)):
            for block in range(depth):
                stride = 2 if stage > 0 and block == 0 else 1
                place = BlockPlace(stage, inputs, channels, _EXPANSION[self.block], stride)
                places.append(place)
                inputs = place.outputs
        return places


@dataclass(frozen=True)
class BlockPlace:
    """A block: its stage from 0, its input channels, the channels of its 3x3 convolutions, expansion and stride."""

    stage: int
    inputs: int
    channels: int
    expansion: int
    stride: int

    @property
    def outputs(self) -> int:
        """Channels of its output."""
        return self.channels * self.expansion

    @property
    def projected(self) -> bool:
        """Whether the shortcut is a convolution."""
        return self.stride != 1 or self.inputs != self.outputs

    @property
    def convolutions(self) -> list[tuple[int, int, int, int]]:
        """(inputs, outputs, kernel, stride) of the convolutions of the main branch."""
        if self.expansion == 1:
            return [(self.inputs, self.channels, 3, self.stride), (self.channels, self.channels, 3, 1)]
        return [
            (self.inputs, self.channels, 1, 1),
            (self.channels, self.channels, 3, self.stride),
            (self.channels, self.outputs, 1, 1),
        ]

    def cost(self, size: Size) -> Costs:
        """Cost on an input map of this size."""
        costs = []
        output = size
        for inputs, outputs, kernel, stride in self.convolutions:
            output = strided(output, stride)
            costs += [convolution(inputs, outputs, kernel, output), batch_norm(outputs)]
        if self.projected:
            costs += [convolution(self.inputs, self.outputs, 1, output), batch_norm(self.outputs)]
        return total(costs)


class Block(nn.Module):
    """Convolutions with batch normalisation and ReLU, the shortcut added before the last ReLU."""

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
        """(N, inputs, H, W) to (N, outputs, ceil(H / stride), ceil(W / stride))."""
        out = x
        for number in range(1, self.length + 1):
            out = self.get_submodule(f"bn{number}")(self.get_submodule(f"conv{number}")(out))
            if number < self.length:
                out = torch.relu(out)
        return torch.relu(out + self.shortcut(x))


class ResNetwork(nn.Module):
    """Stem, stages, pooling and classifier."""

    def __init__(self, architecture: ResNet, num_classes: int, image_channels: int) -> None:
        super().__init__()
        channels = architecture.channels[0]
        self.conv1 = nn.Conv2d(image_channels, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.stages = len(architecture.depths)
        places = architecture.blocks()
        for stage in range(self.stages):
            blocks = (Block(place) for place in places if place.stage == stage)
            self.add_module(f"layer{stage + 1}", nn.Sequential(*blocks))
        # The published average over 4x4 is this one at the published 32x32.
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.linear = nn.Linear(places[-1].outputs, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, C, H, W) to logits (N, num_classes)."""
        features = torch.relu(self.bn1(self.conv1(images)))
        for stage in range(self.stages):
            features = self.get_submodule(f"layer{stage + 1}")(features)
        logits: Tensor = self.linear(self.pool(features).flatten(1))
        return logits
