"""Pyramid Vision Transformers with linear spatial reduction."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from rnas.networks.modules._tokens import Attend, to_maps, to_tokens

REDUCED = 7


def pooling(cells: int, windows: int) -> Tensor:
    """Return the matrix (windows, cells) that averages the cells of an axis in windows, as adaptive pooling does.

    On a GPU the gradient of torch's adaptive pooling is not the same in every run.
    """
    matrix = torch.zeros(windows, cells)
    for window in range(windows):
        start, end = window * cells // windows, -(-(window + 1) * cells // windows)
        matrix[window, start:end] = 1 / (end - start)
    return matrix


class ReducedAttention(nn.Module):
    """Let every token attend to the map averaged to 7x7 positions (Wang et al., CVMJ 2022: linear SRA).

    Args:
        width: channels of a token.
        heads: number of heads, which share the channels.
        size: (H, W) of the map.
    """

    rows: Tensor
    columns: Tensor

    def __init__(self, width: int, heads: int, size: tuple[int, int]) -> None:
        super().__init__()
        self.heads, self.size = heads, size
        self.scale = (width // heads) ** -0.5
        self.q = nn.Linear(width, width)
        self.register_buffer("rows", pooling(size[0], REDUCED), persistent=False)
        self.register_buffer("columns", pooling(size[1], REDUCED), persistent=False)
        self.reduce = nn.Conv2d(width, width, 1)
        self.norm = nn.LayerNorm(width)
        self.kv = nn.Linear(width, 2 * width)
        self.attend = Attend()
        self.out = nn.Linear(width, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens (N, H W, width) to the same shape."""
        queries = self.q(tokens).unflatten(2, (self.heads, -1)).transpose(1, 2)
        pooled = self.rows @ to_maps(tokens, self.size) @ self.columns.transpose(0, 1)
        reduced = nn.functional.gelu(self.norm(to_tokens(self.reduce(pooled))))
        keys, values = self.kv(reduced).unflatten(2, (2, self.heads, -1)).transpose(1, 3).unbind(2)
        mixed = self.attend(queries * self.scale, keys, values)
        out: Tensor = self.out(mixed.transpose(1, 2).flatten(2))
        return out


class ConvolutionalFeedForward(nn.Module):
    """Apply a linear layer, ReLU, a depthwise 3x3 convolution of the map, GELU and a linear layer."""

    def __init__(self, width: int, hidden: int, size: tuple[int, int]) -> None:
        super().__init__()
        self.size = size
        self.fc1 = nn.Linear(width, hidden)
        self.conv = nn.Conv2d(hidden, hidden, 3, padding=1, groups=hidden)
        self.fc2 = nn.Linear(hidden, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens (N, H W, width) to the same shape."""
        maps = to_maps(torch.relu(self.fc1(tokens)), self.size)
        out: Tensor = self.fc2(nn.functional.gelu(to_tokens(self.conv(maps))))
        return out


class PyramidBlock(nn.Module):
    """Add attention of the normalised tokens to them, and then a feed-forward part of the normalised sum."""

    def __init__(self, width: int, heads: int, hidden: int, size: tuple[int, int]) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attention = ReducedAttention(width, heads, size)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.feed_forward = ConvolutionalFeedForward(width, hidden, size)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens (N, H W, width) to the same shape."""
        tokens = tokens + self.attention(self.norm1(tokens))
        out: Tensor = tokens + self.feed_forward(self.norm2(tokens))
        return out


class PyramidStage(nn.Module):
    """Make the tokens of a smaller map by a convolution, and run blocks on them.

    Args:
        inputs: channels of the map that enters.
        width: channels of a token.
        kernel: side of the convolution.
        stride: stride of the convolution.
        depth: number of blocks.
        heads: number of heads.
        hidden: channels of the feed-forward parts.
        size: (H, W) of the smaller map.
    """

    def __init__(
        self,
        inputs: int,
        width: int,
        kernel: int,
        stride: int,
        depth: int,
        heads: int,
        hidden: int,
        size: tuple[int, int],
    ) -> None:
        super().__init__()
        self.size = size
        self.conv = nn.Conv2d(inputs, width, kernel, stride, padding=kernel // 2)
        self.embedding_norm = nn.LayerNorm(width)
        self.blocks = nn.Sequential(*(PyramidBlock(width, heads, hidden, size) for _ in range(depth)))
        self.norm = nn.LayerNorm(width, eps=1e-6)

    def forward(self, maps: Tensor) -> Tensor:
        """Map (N, inputs, H stride, W stride) to (N, width, H, W)."""
        tokens = self.embedding_norm(to_tokens(self.conv(maps)))
        return to_maps(self.norm(self.blocks(tokens)), self.size)


class PyramidNetwork(nn.Module):
    """Run stages on ever smaller maps, and classify the mean of the last one.

    Args:
        image_channels: channels of an image.
        num_classes: number of logits.
        depths: number of blocks of each stage.
        channels: channels of the tokens of each stage.
        heads: number of heads of each stage.
        hidden: channels of the feed-forward parts of each stage.
        kernels: side of the first convolution of each stage.
        strides: its stride.
        sizes: (H, W) of the map of each stage.
    """

    def __init__(
        self,
        image_channels: int,
        num_classes: int,
        *,
        depths: Sequence[int],
        channels: Sequence[int],
        heads: Sequence[int],
        hidden: Sequence[int],
        kernels: Sequence[int],
        strides: Sequence[int],
        sizes: Sequence[tuple[int, int]],
    ) -> None:
        super().__init__()
        inputs = image_channels, *channels
        stages = zip(inputs[:-1], channels, kernels, strides, depths, heads, hidden, sizes, strict=True)
        self.stages = nn.Sequential(*(PyramidStage(*stage) for stage in stages))
        self.head = nn.Linear(channels[-1], num_classes)
        for layer in self.modules():
            if isinstance(layer, nn.Linear):
                nn.init.trunc_normal_(layer.weight, std=0.02)
                nn.init.zeros_(layer.bias)
            elif isinstance(layer, nn.Conv2d):
                fan_out = layer.kernel_size[0] * layer.kernel_size[1] * layer.out_channels // layer.groups
                nn.init.normal_(layer.weight, std=math.sqrt(2 / fan_out))
                assert layer.bias is not None
                nn.init.zeros_(layer.bias)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, C, H, W) to logits (N, num_classes)."""
        logits: Tensor = self.head(self.stages(images).mean(dim=(2, 3)))
        return logits
