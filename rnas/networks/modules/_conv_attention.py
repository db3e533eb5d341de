"""Networks whose stages are convolutions or attention."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from rnas.networks.modules._tokens import (
    FeedForward,
    PositionGenerator,
    RelativeBias,
    SelfAttention,
    SequencePooling,
    to_maps,
    to_tokens,
)

MakeActivation = Callable[[], nn.Module]
MakeNormalization = Callable[[int], nn.Module]


class SmoothGate(nn.Module):
    """Multiply the channels of maps by a function of their means, between 0 and 1."""

    def __init__(self, channels: int, hidden: int, activation: MakeActivation) -> None:
        super().__init__()
        self.fc1 = nn.Linear(channels, hidden, bias=False)
        self.activation = activation()
        self.fc2 = nn.Linear(hidden, channels, bias=False)

    def forward(self, maps: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        gate = torch.sigmoid(self.fc2(self.activation(self.fc1(maps.mean(dim=(2, 3))))))
        return maps * gate[:, :, None, None]


def shortcut(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    """Return the shortcut of a stage's first block: pooling for a stride, and a 1x1 convolution."""
    return nn.Sequential(pool(stride), nn.Conv2d(inputs, outputs, 1, bias=False))


def pool(stride: int) -> nn.Module:
    """Return the pooling that halves a map; for stride 1 there is none."""
    return nn.Identity() if stride == 1 else nn.MaxPool2d(3, stride, padding=1)


class ConvolutionBlock(nn.Module):
    """Add an inverted bottleneck with squeeze-and-excitation to the input, normalised first.

    Args:
        inputs: channels of the input.
        outputs: channels of the output.
        stride: stride of the first convolution.
        first: whether it is a stage's first block, whose shortcut has a convolution.
        expansion: channels inside in multiples of the input's.
        kernel: side of the depthwise convolution.
        activation: function that makes an activation.
        normalization: function from channels to a normalisation.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        stride: int,
        first: bool,
        *,
        expansion: int,
        kernel: int,
        activation: MakeActivation,
        normalization: MakeNormalization,
    ) -> None:
        super().__init__()
        hidden = expansion * inputs
        self.branch = nn.Sequential(
            normalization(inputs),
            nn.Conv2d(inputs, hidden, 1, stride, bias=False),
            normalization(hidden),
            activation(),
            nn.Conv2d(hidden, hidden, kernel, padding=kernel // 2, groups=hidden, bias=False),
            normalization(hidden),
            activation(),
            SmoothGate(hidden, max(inputs // 4, 1), activation),
            nn.Conv2d(hidden, outputs, 1, bias=False),
            normalization(outputs),
        )
        self.shortcut = shortcut(inputs, outputs, stride) if first else nn.Sequential()

    def forward(self, maps: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, outputs, ceil(H / stride), ceil(W / stride))."""
        out: Tensor = self.shortcut(maps) + self.branch(maps)
        return out


class AttentionBlock(nn.Module):
    """Add attention of the normalised positions to a map, and then a feed-forward part of the normalised sum.

    Args:
        inputs: channels of the input.
        outputs: channels of the output.
        stride: stride of the pooling before it.
        first: whether it is a stage's first block, whose shortcut has a convolution.
        size: (H, W) of the output.
        heads: number of heads.
        head_width: channels of a head.
        expansion: channels of the feed-forward part in multiples of the input's.
        activation: function that makes an activation.
        positions: ``relative`` adds a learned bias for each distance, ``conditional`` a depthwise convolution of the
            output of a stage's first block, ``none`` nothing.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        stride: int,
        first: bool,
        *,
        size: tuple[int, int],
        heads: int,
        head_width: int,
        expansion: int,
        activation: MakeActivation,
        positions: str,
    ) -> None:
        super().__init__()
        self.size = size
        self.pool = pool(stride)
        self.norm1 = nn.LayerNorm(inputs)
        self.attention = SelfAttention(inputs, heads, head_width, outputs)
        self.relative = RelativeBias(size, heads) if positions == "relative" else None
        self.shortcut = shortcut(inputs, outputs, stride) if first else nn.Sequential()
        self.norm2 = nn.LayerNorm(outputs)
        self.feed_forward = FeedForward(outputs, expansion * inputs, outputs, activation)
        self.generator = PositionGenerator(outputs) if first and positions == "conditional" else None

    def forward(self, maps: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, outputs, ceil(H / stride), ceil(W / stride))."""
        bias = None if self.relative is None else self.relative()
        tokens = to_tokens(self.shortcut(maps)) + self.attention(self.norm1(to_tokens(self.pool(maps))), bias)
        tokens = tokens + self.feed_forward(self.norm2(tokens))
        if self.generator is not None:
            tokens = self.generator(tokens, self.size)
        return to_maps(tokens, self.size)


class ConvAttentionNetwork(nn.Module):
    """Run a stem, stages of convolutions or attention, and one linear layer on the pooled map.

    Args:
        image_channels: channels of an image.
        num_classes: number of logits.
        stem: channels of the stem, side and stride of its first convolution.
        stages: the kind of block of each stage, and its arguments that differ from stage to stage.
        depths: number of blocks of each stage.
        channels: channels of the maps of each stage.
        strides: stride of the first block of each stage.
        activation: function that makes an activation.
        normalization: function from channels to a normalisation of the stem.
        sequence: whether a layer weighs the positions of the last map before they are averaged.
    """

    def __init__(
        self,
        image_channels: int,
        num_classes: int,
        *,
        stem: tuple[int, int, int],
        stages: Sequence[Callable[..., nn.Module]],
        depths: Sequence[int],
        channels: Sequence[int],
        strides: Sequence[int],
        activation: MakeActivation,
        normalization: MakeNormalization,
        sequence: bool = False,
    ) -> None:
        super().__init__()
        inputs, kernel, patch = stem
        self.stem = nn.Sequential(
            nn.Conv2d(image_channels, inputs, kernel, patch, padding=kernel // 2, bias=False),
            normalization(inputs),
            activation(),
            nn.Conv2d(inputs, inputs, 3, padding=1, bias=False),
            normalization(inputs),
            activation(),
        )
        self.stages = nn.Sequential()
        for block, depth, outputs, stride in zip(stages, depths, channels, strides, strict=True):
            blocks = [block(inputs, outputs, stride, True)]
            blocks += [block(outputs, outputs, 1, False) for _ in range(depth - 1)]
            self.stages.append(nn.Sequential(*blocks))
            inputs = outputs
        self.read = SequencePooling(inputs) if sequence else None
        self.head = nn.Linear(inputs, num_classes, bias=False)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, C, H, W) to logits (N, num_classes)."""
        maps = self.stages(self.stem(images))
        pooled = maps.mean(dim=(2, 3)) if self.read is None else self.read(to_tokens(maps))
        logits: Tensor = self.head(pooled)
        return logits
