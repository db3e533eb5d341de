"""LeViT: attention with batch normalisation whose stages shrink the map."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from rnas.networks.modules._tokens import Attend


class NormalizedConvolution(nn.Sequential):
    """Apply a 1x1 convolution and a normalisation."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))


class LeViTAttention(nn.Module):
    """Let positions attend to all, with a learned bias for each distance; with a stride, every second one asks.

    Args:
        inputs: channels of the map that enters.
        outputs: channels of the map that leaves.
        heads: number of heads.
        key_width: channels of a head's queries and keys.
        value_width: channels of a head's values.
        size: (H, W) of the map that enters.
        stride: stride of the queries.
    """

    index: Tensor

    def __init__(
        self,
        inputs: int,
        outputs: int,
        heads: int,
        key_width: int,
        value_width: int,
        size: tuple[int, int],
        stride: int = 1,
    ) -> None:
        super().__init__()
        self.heads, self.scale = heads, key_width**-0.5
        self.q = NormalizedConvolution(inputs, heads * key_width, stride)
        self.k = NormalizedConvolution(inputs, heads * key_width)
        self.v = NormalizedConvolution(inputs, heads * value_width)
        self.attend = Attend()
        self.biases = nn.Parameter(torch.randn(size[0] * size[1], heads))
        keys = [(row, column) for row in range(size[0]) for column in range(size[1])]
        queries = [(row, column) for row, column in keys if row % stride == 0 and column % stride == 0]
        apart = [[abs(row - down) * size[1] + abs(column - right) for down, right in keys] for row, column in queries]
        self.register_buffer("index", torch.tensor(apart), persistent=False)
        self.out = nn.Conv2d(heads * value_width, outputs, 1)
        self.norm = nn.BatchNorm2d(outputs)
        nn.init.zeros_(self.norm.weight)

    def forward(self, maps: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, outputs, ceil(H / stride), ceil(W / stride))."""
        asked = self.q(maps)
        parts = (part.flatten(2).unflatten(1, (self.heads, -1)) for part in (asked, self.k(maps), self.v(maps)))
        queries, keys, values = (part.transpose(2, 3) for part in parts)
        bias = self.biases[self.index].permute(2, 0, 1) / self.scale
        mixed = self.attend(queries * self.scale, keys, values, bias).transpose(2, 3).flatten(1, 2)
        together = mixed.reshape(maps.shape[0], -1, asked.shape[2], asked.shape[3])
        out: Tensor = self.norm(self.out(nn.functional.gelu(together)))
        return out


class Residual(nn.Module):
    """Add a layer's output to its input."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, maps: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        out: Tensor = maps + self.layer(maps)
        return out


def feed_forward(width: int, hidden: int) -> Residual:
    """Return two 1x1 convolutions that are added to their input."""
    return Residual(nn.Sequential(nn.Conv2d(width, hidden, 1), nn.Hardswish(), nn.Conv2d(hidden, width, 1)))


class LeViTNetwork(nn.Module):
    """Run a convolutional stem and stages of attention, with attention that shrinks the map between them.

    Args:
        image_channels: channels of an image.
        num_classes: number of logits.
        stem: channels of the stem's convolutions but the last.
        strides: strides of all the stem's convolutions.
        depths: number of pairs of attention and feed-forward parts of each stage.
        channels: channels of each stage.
        heads: number of heads of each stage; attention between stages has twice those of the stage before.
        sizes: (H, W) of the map of each stage.
        key_width: channels of a head's queries and keys.
        value_width: channels of a head's values.
        expansion: channels of the feed-forward parts in multiples of the stage's.
    """

    def __init__(
        self,
        image_channels: int,
        num_classes: int,
        *,
        stem: Sequence[int],
        strides: Sequence[int],
        depths: Sequence[int],
        channels: Sequence[int],
        heads: Sequence[int],
        sizes: Sequence[tuple[int, int]],
        key_width: int,
        value_width: int,
        expansion: int,
    ) -> None:
        super().__init__()
        self.stem, self.stages = nn.Sequential(), nn.Sequential()
        inputs = image_channels
        for outputs, stride in zip((*stem, channels[0]), strides, strict=True):
            self.stem.append(nn.Conv2d(inputs, outputs, 3, stride, padding=1))
            inputs = outputs
        for stage, (depth, width, count) in enumerate(zip(depths, channels, heads, strict=True)):
            if stage:
                shrinking = 2 * heads[stage - 1]
                self.stages.append(
                    LeViTAttention(inputs, width, shrinking, key_width, value_width, sizes[stage - 1], stride=2)
                )
                self.stages.append(feed_forward(width, expansion * width))
            for _ in range(depth):
                attention = LeViTAttention(width, width, count, key_width, value_width, sizes[stage])
                self.stages.append(Residual(attention))
                self.stages.append(feed_forward(width, expansion * width))
            inputs = width
        self.head = nn.Linear(inputs, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, C, H, W) to logits (N, num_classes)."""
        logits: Tensor = self.head(self.stages(self.stem(images)).mean(dim=(2, 3)))
        return logits
