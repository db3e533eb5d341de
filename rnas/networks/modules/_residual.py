"""Residual networks of two to four stages."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rnas.networks.modules.residual_block import BlockConstructor
from rnas.networks.residual import (
    CIFAR10_MEAN,
    CIFAR10_STD,
)
from rnas.networks.residual_cost import STEM_KERNEL, stage_strides


class InputNormalization(nn.Module):
    """Normalise images (N, 3, H, W) in [0, 1] by CIFAR-10's channel means and deviations.

    The constants are not part of the state dict, because published weights do not contain them.
    """

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(CIFAR10_MEAN).reshape(-1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(CIFAR10_STD).reshape(-1, 1, 1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return normalised images."""
        return (x - self.mean) / self.std


class Stage(nn.Module):
    """Run blocks one after another; the first has the stride."""

    def __init__(
        self, block: BlockConstructor, depth: int, in_channels: int, planes: int, out_channels: int, stride: int
    ) -> None:
        super().__init__()
        first = block(in_channels, planes, stride)
        later = [block(out_channels, planes, 1) for _ in range(depth - 1)]
        self.layer = nn.Sequential(first, *later)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in_channels, H, W) to (N, out_channels, ...)."""
        out: Tensor = self.layer(x)
        return out


NormalizationActivation = tuple[Callable[[int], nn.Module], Callable[[], nn.Module]]
"""A function from a number of channels to a normalisation, and a function that makes an activation."""


class ResidualModule(nn.Module):
    """Map images (N, image_channels, H, W) to logits (N, num_classes) by a residual network.

    Args:
        image_channels: channels of an image.
        num_classes: number of logits.
        depths: number of blocks of each stage.
        planes: planes of each stage.
        out_channels: channels of the output maps of each stage.
        blocks: functions that make the blocks, one for all stages or one for each.
        stem_width: channels of the stem.
        stem_layers: functions that make the layers after the stem's convolution; None for no layers.
        head_layers: functions that make the layers before the classifier's pooling; None for no layers.
        upsample: factor by which nearest neighbours enlarge the image before the stem.
        input_normalization: function that makes the layer that reads the image.
    """

    def __init__(
        self,
        image_channels: int,
        num_classes: int,
        *,
        depths: Sequence[int],
        planes: Sequence[int],
        out_channels: Sequence[int],
        blocks: Sequence[BlockConstructor],
        stem_width: int,
        stem_layers: NormalizationActivation | None = None,
        head_layers: NormalizationActivation | None = None,
        upsample: int = 1,
        input_normalization: Callable[[], nn.Module] = nn.Identity,
    ) -> None:
        super().__init__()
        width = stem_width
        self.upsample = upsample
        self.normalization = input_normalization()
        self.stem_conv = nn.Conv2d(image_channels, width, STEM_KERNEL, padding=STEM_KERNEL // 2, bias=False)
        self.stem_activation = nn.Sequential()
        if stem_layers is not None:
            self.stem_activation.append(stem_layers[0](width))
            self.stem_activation.append(stem_layers[1]())
        self.blocks = nn.ModuleList()
        makers, strides = [*blocks] * (len(depths) // len(blocks)), stage_strides(len(depths))
        for block, depth, inner, outer, stride in zip(makers, depths, planes, out_channels, strides, strict=True):
            self.blocks.append(Stage(block, depth, width, inner, outer, stride))
            width = outer
        self.norm1 = nn.Identity() if head_layers is None else head_layers[0](width)
        self.head_activation = nn.Identity() if head_layers is None else head_layers[1]()
        self.fc = nn.Linear(width, num_classes)
        self._initialize()

    def _initialize(self) -> None:
        nn.init.zeros_(self.fc.bias)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                fan_out = layer.kernel_size[0] * layer.kernel_size[1] * layer.out_channels
                nn.init.normal_(layer.weight, std=math.sqrt(2 / fan_out))

    def forward(self, x: Tensor) -> Tensor:
        """Map images to logits."""
        x = self.normalization(x)
        if self.upsample != 1:
            x = F.interpolate(x, scale_factor=self.upsample, mode="nearest")
        x = self.stem_activation(self.stem_conv(x))
        for stage in self.blocks:
            x = stage(x)
        x = self.head_activation(self.norm1(x))
        logits: Tensor = self.fc(x.mean(dim=(2, 3)))
        return logits
