"""ViTAE: attention together with convolutions, after reductions by dilated convolutions."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rnas.networks.modules._tokens import FeedForward, SelfAttention, to_maps, to_tokens


class Pyramid(nn.Module):
    """Shrink a map by convolutions of several dilations, and put their outputs together.

    Args:
        inputs: channels of the map that enters.
        outputs: channels that each convolution gives.
        kernel: side of the convolutions.
        stride: stride of the convolutions.
        dilations: number of convolutions; their dilations are 1, 2 and so on.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, dilations: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList()
        for dilation in range(1, dilations + 1):
            padding = math.ceil(((kernel - 1) * dilation + 1 - stride) / 2)
            self.convs.append(nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation))

    def forward(self, maps: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, outputs times dilations, H / stride, W / stride)."""
        return torch.cat([F.gelu(convolution(maps)) for convolution in self.convs], dim=1)


class KernelProducts(nn.Module):
    """Mix tokens by attention whose cost grows with their number alone (Choromanski et al., ICLR 2021).

    Args:
        width: channels of a token.
        features: number of random features of queries and keys.
    """

    directions: Tensor

    def __init__(self, width: int, features: int) -> None:
        super().__init__()
        self.register_buffer("directions", nn.init.orthogonal_(torch.empty(features, width)) * math.sqrt(features))

    def forward(self, keys: Tensor, queries: Tensor, values: Tensor) -> Tensor:
        """Map three tensors (N, T, width) to one of that shape."""
        keys, queries = self._features(keys), self._features(queries)
        total = queries @ keys.sum(dim=1)[:, :, None]
        return queries @ (keys.transpose(1, 2) @ values) / (total + 1e-8)

    def _features(self, tokens: Tensor) -> Tensor:
        square = tokens.square().sum(dim=2, keepdim=True) / 2
        return torch.exp(tokens @ self.directions.T - square) / math.sqrt(len(self.directions))

    def multiply_accumulates(self, inputs: Sequence[Tensor], output: Tensor) -> int:
        """Return how many multiplications the features, their products with the values and the sum need."""
        features = len(self.directions)
        return 4 * features * output.numel() + features * output.shape[0] * output.shape[1]


class FirstReduction(nn.Module):
    """Reduce an image to a map by a pyramid with attention, and by convolutions; both are added.

    Args:
        image_channels: channels of an image.
        width: channels of each convolution of the pyramid.
        outputs: channels of the map.
    """

    def __init__(self, image_channels: int, width: int, outputs: int) -> None:
        super().__init__()
        self.pyramid = Pyramid(image_channels, width, 5, 4, 4)
        self.norm1 = nn.LayerNorm(4 * width)
        self.kqv = nn.Linear(4 * width, 3 * outputs)
        self.products = KernelProducts(outputs, outputs // 2)
        self.out = nn.Linear(outputs, outputs)
        self.parallel = nn.Sequential(
            nn.Conv2d(image_channels, width, 3, 2, padding=1),
            nn.SiLU(),
            nn.Conv2d(width, width, 3, 2, padding=1),
            nn.BatchNorm2d(width),
            nn.SiLU(),
            nn.Conv2d(width, outputs, 3, padding=1),
            nn.SiLU(),
        )
        self.norm2 = nn.LayerNorm(outputs)
        self.feed_forward = FeedForward(outputs, outputs, outputs)

    def forward(self, images: Tensor) -> Tensor:
        """Map (N, image_channels, H, W) to (N, outputs, H / 4, W / 4)."""
        keys, queries, values = self.kqv(self.norm1(to_tokens(self.pyramid(images)))).chunk(3, dim=2)
        parallel = self.parallel(images)
        tokens = values + self.out(self.products(keys, queries, values)) + to_tokens(parallel)
        return to_maps(tokens + self.feed_forward(self.norm2(tokens)), parallel.shape[2:])


class NormalCell(nn.Module):
    """Add attention of the normalised positions and grouped convolutions of the map to it, and a feed-forward part."""

    def __init__(self, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        groups = width // 4
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attention = SelfAttention(width, heads, width // heads, width, qkv_bias=True)
        self.parallel = nn.Sequential(
            nn.Conv2d(width, hidden, 3, padding=1, groups=groups),
            nn.BatchNorm2d(hidden),
            nn.SiLU(),
            nn.Conv2d(hidden, width, 3, padding=1, groups=groups),
            nn.BatchNorm2d(width),
            nn.SiLU(),
            nn.Conv2d(width, width, 3, padding=1, groups=groups),
            nn.SiLU(),
        )
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.feed_forward = FeedForward(width, hidden, width)

    def forward(self, maps: Tensor) -> Tensor:
        """Map (N, width, H, W) to the same shape."""
        tokens = to_tokens(maps)
        tokens = tokens + self.attention(self.norm1(tokens)) + to_tokens(self.parallel(maps))
        tokens = tokens + self.feed_forward(self.norm2(tokens))
        return to_maps(tokens, maps.shape[2:])


class ViTAENetwork(nn.Module):
    """Reduce an image three times, run cells of attention and convolutions on the map, and classify its mean.

    Args:
        image_channels: channels of an image.
        num_classes: number of logits.
        pyramid: channels of each convolution of the first pyramid.
        channels: channels after each reduction.
        depth: number of cells.
        heads: number of heads of a cell.
        expansion: channels inside a cell in multiples of its own.
    """

    def __init__(
        self,
        image_channels: int,
        num_classes: int,
        *,
        pyramid: int,
        channels: Sequence[int],
        depth: int,
        heads: int,
        expansion: int,
    ) -> None:
        super().__init__()
        first, second, width = channels
        self.reductions = nn.Sequential(
            FirstReduction(image_channels, pyramid, first),
            Pyramid(first, second // 3, 3, 2, 3),
            Pyramid(second, width // 2, 3, 2, 2),
        )
        self.cells = nn.Sequential(*(NormalCell(width, heads, expansion * width) for _ in range(depth)))
        self.head = nn.Linear(width, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, C, H, W) to logits (N, num_classes)."""
        logits: Tensor = self.head(self.cells(self.reductions(images)).mean(dim=(2, 3)))
        return logits
