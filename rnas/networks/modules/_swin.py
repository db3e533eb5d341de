"""Swin transformers."""

from collections.abc import Sequence
from math import inf

import torch
from torch import Tensor, nn

from rnas.networks.modules._tokens import FeedForward, RelativeBias, SelfAttention


class Merge(nn.Module):
    """Apply one linear layer to each square of positions that do not overlap.

    Args:
        inputs: channels of the map that enters.
        outputs: channels of the map that leaves.
        factor: side of a square.
    """

    def __init__(self, inputs: int, outputs: int, factor: int) -> None:
        super().__init__()
        self.factor = factor
        self.linear = nn.Linear(factor * factor * inputs, outputs)

    def forward(self, maps: Tensor) -> Tensor:
        """Map (N, H, W, inputs) to (N, H / factor, W / factor, outputs); a square is by channel, row and column."""
        count, height, width, channels = maps.shape
        side = self.factor
        cut = maps.reshape(count, height // side, side, width // side, side, channels).permute(0, 1, 3, 5, 2, 4)
        out: Tensor = self.linear(cut.flatten(3))
        return out


class WindowAttention(nn.Module):
    """Mix the positions of each window by attention.

    Shifted windows begin half a window later in both directions and go around the map's end; positions that are no
    neighbours there do not attend to each other.

    Args:
        width: channels of the map.
        heads: number of heads.
        head_width: channels of a head.
        window: side of a window.
        grid: number of windows in both directions.
        shifted: whether the windows are shifted.
    """

    mask: Tensor

    def __init__(
        self, width: int, heads: int, head_width: int, window: int, grid: tuple[int, int], shifted: bool
    ) -> None:
        super().__init__()
        self.window, self.grid, self.shift = window, grid, window // 2 if shifted else 0
        self.attention = SelfAttention(width, heads, head_width, width)
        self.relative = RelativeBias((window, window), 1, deviation=1.0)
        sides = (torch.arange(count * window) >= count * window - self.shift for count in grid)
        down, right = (side.long() for side in sides)
        region = self._windows((2 * down[:, None] + right)[None, :, :, None])[0, :, :, 0]
        apart = region[:, :, None] != region[:, None, :]
        mask = torch.zeros(apart.shape).masked_fill(apart, -inf)
        self.register_buffer("mask", mask[:, None], persistent=False)

    def _windows(self, maps: Tensor) -> Tensor:
        """Cut (N, H, W, C) into windows (N, windows, positions, C)."""
        (rows, columns), side = self.grid, self.window
        cut = maps.reshape(maps.shape[0], rows, side, columns, side, maps.shape[3]).transpose(2, 3)
        return cut.flatten(3, 4).flatten(1, 2)

    def forward(self, maps: Tensor) -> Tensor:
        """Map (N, H, W, width) to the same shape."""
        (rows, columns), side = self.grid, self.window
        if self.shift:
            maps = maps.roll((-self.shift, -self.shift), dims=(1, 2))
        bias = self.relative() + self.mask if self.shift else self.relative()
        mixed = self.attention(self._windows(maps), bias)
        together = mixed.reshape(maps.shape[0], rows, columns, side, side, maps.shape[3]).transpose(2, 3)
        out: Tensor = together.reshape(maps.shape)
        return out.roll((self.shift, self.shift), dims=(1, 2)) if self.shift else out


class SwinBlock(nn.Module):
    """Add attention of the normalised map to it, and then a feed-forward part of the normalised sum."""

    def __init__(
        self, width: int, heads: int, head_width: int, window: int, grid: tuple[int, int], shifted: bool, expansion: int
    ) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attention = WindowAttention(width, heads, head_width, window, grid, shifted)
        self.norm2 = nn.LayerNorm(width)
        self.feed_forward = FeedForward(width, expansion * width, width)

    def forward(self, maps: Tensor) -> Tensor:
        """Map (N, H, W, width) to the same shape."""
        maps = maps + self.attention(self.norm1(maps))
        out: Tensor = maps + self.feed_forward(self.norm2(maps))
        return out


class SwinNetwork(nn.Module):
    """Run stages of attention in windows, of which every second block has shifted ones, and classify the mean.

    Args:
        image_channels: channels of an image.
        num_classes: number of logits.
        depths: number of blocks of each stage.
        channels: channels of each stage.
        heads: number of heads of each stage.
        merges: side of the squares that become one position at the start of each stage.
        grids: number of windows of each stage in both directions.
        head_width: channels of a head.
        window: side of a window.
        expansion: channels of the feed-forward parts in multiples of the stage's.
    """

    def __init__(
        self,
        image_channels: int,
        num_classes: int,
        *,
        depths: Sequence[int],
        channels: Sequence[int],
        heads: Sequence[int],
        merges: Sequence[int],
        grids: Sequence[tuple[int, int]],
        head_width: int,
        window: int,
        expansion: int,
    ) -> None:
        super().__init__()
        self.stages = nn.Sequential()
        inputs = image_channels
        for depth, width, count, merge, grid in zip(depths, channels, heads, merges, grids, strict=True):
            stage = nn.Sequential(Merge(inputs, width, merge))
            for block in range(depth):
                stage.append(SwinBlock(width, count, head_width, window, grid, block % 2 == 1, expansion))
            self.stages.append(stage)
            inputs = width
        self.norm = nn.LayerNorm(inputs)
        self.head = nn.Linear(inputs, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, C, H, W) to logits (N, num_classes)."""
        maps = self.stages(images.permute(0, 2, 3, 1))
        logits: Tensor = self.head(self.norm(maps.mean(dim=(1, 2))))
        return logits
