"""PoolFormers."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class PoolBlock(nn.Module):
    """Add what pooling changes in the normalised map, and then a feed-forward part; each channel scales both."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(1, channels)
        self.pool = nn.AvgPool2d(3, 1, padding=1, count_include_pad=False)
        self.scale1 = nn.Parameter(torch.full((channels, 1, 1), 1e-5))
        self.norm2 = nn.GroupNorm(1, channels)
        self.feed_forward = nn.Sequential(nn.Conv2d(channels, hidden, 1), nn.GELU(), nn.Conv2d(hidden, channels, 1))
        self.scale2 = nn.Parameter(torch.full((channels, 1, 1), 1e-5))

    def forward(self, maps: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        normalized = self.norm1(maps)
        maps = maps + self.scale1 * (self.pool(normalized) - normalized)
        out: Tensor = maps + self.scale2 * self.feed_forward(self.norm2(maps))
        return out


class PoolFormerNetwork(nn.Module):
    """Run stages of blocks that pool, each after a 3x3 convolution with a stride, and classify the mean map.

    Args:
        image_channels: channels of an image.
        num_classes: number of logits.
        patch: stride of the first convolution.
        depths: number of blocks of each stage.
        channels: channels of each stage.
        expansion: channels of the feed-forward parts in multiples of the stage's.
    """

    def __init__(
        self,
        image_channels: int,
        num_classes: int,
        *,
        patch: int,
        depths: Sequence[int],
        channels: Sequence[int],
        expansion: int,
    ) -> None:
        super().__init__()
        self.stages = nn.Sequential()
        inputs, stride = image_channels, patch
        for depth, outputs in zip(depths, channels, strict=True):
            entry = nn.Conv2d(inputs, outputs, 3, stride, padding=1)
            self.stages.append(nn.Sequential(entry, *(PoolBlock(outputs, expansion * outputs) for _ in range(depth))))
            inputs, stride = outputs, 2
        self.norm = nn.GroupNorm(1, inputs)
        self.head = nn.Linear(inputs, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, C, H, W) to logits (N, num_classes)."""
        logits: Tensor = self.head(self.norm(self.stages(images)).mean(dim=(2, 3)))
        return logits
