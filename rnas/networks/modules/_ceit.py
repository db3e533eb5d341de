"""CeiT: transformers with convolutions before and in their layers."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rnas.networks.modules._tokens import ClassToken, LearnedPositions, Patches, SelfAttention, to_maps, to_tokens


class LocalFeedForward(nn.Module):
    """Apply a linear layer, a depthwise 3x3 convolution of the map and a linear layer, each normalised, then GELU."""

    def __init__(self, width: int, hidden: int, size: tuple[int, int]) -> None:
        super().__init__()
        self.size = size
        self.fc1 = nn.Linear(width, hidden)
        self.norm1 = nn.BatchNorm2d(hidden)
        self.conv = nn.Conv2d(hidden, hidden, 3, padding=1, groups=hidden, bias=False)
        self.norm2 = nn.BatchNorm2d(hidden)
        self.fc2 = nn.Linear(hidden, width)
        self.norm3 = nn.BatchNorm2d(width)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens (N, H W, width) to the same shape."""
        maps = F.gelu(self.norm1(to_maps(self.fc1(tokens), self.size)))
        maps = F.gelu(self.norm2(self.conv(maps)))
        maps = self.norm3(to_maps(self.fc2(to_tokens(maps)), self.size))
        return to_tokens(F.gelu(maps))


class CeiTLayer(nn.Module):
    """Add attention among all tokens, and then a local feed-forward part to those of the map."""

    def __init__(self, width: int, heads: int, hidden: int, size: tuple[int, int]) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attention = SelfAttention(width, heads, width // heads, width)
        self.norm2 = nn.LayerNorm(width)
        self.feed_forward = LocalFeedForward(width, hidden, size)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens (N, 1 + H W, width) to the same shape."""
        tokens = tokens + self.attention(self.norm1(tokens))
        own = tokens[:, 1:]
        return torch.cat([tokens[:, :1], own + self.feed_forward(self.norm2(own))], dim=1)


class CeiTNetwork(nn.Module):
    """Make tokens of a convolved and pooled image, mix them by layers, and classify a learned token.

    Args:
        image_channels: channels of an image.
        num_classes: number of logits.
        size: (H, W) of the map of tokens.
        stem_channels: channels of the first convolution.
        patch: side of a patch of the pooled map.
        width: channels of a token.
        depth: number of layers.
        heads: number of heads.
        hidden: channels of the feed-forward parts.
    """

    def __init__(
        self,
        image_channels: int,
        num_classes: int,
        *,
        size: tuple[int, int],
        stem_channels: int,
        patch: int,
        width: int,
        depth: int,
        heads: int,
        hidden: int,
    ) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(image_channels, stem_channels, 7, 2, padding=4), nn.BatchNorm2d(stem_channels), nn.MaxPool2d(3, 2)
        )
        self.patches = Patches(stem_channels, width, patch)
        self.class_token = ClassToken(width)
        self.positions = LearnedPositions(1 + size[0] * size[1], width)
        self.layers = nn.Sequential(*(CeiTLayer(width, heads, hidden, size) for _ in range(depth)))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, C, H, W) to logits (N, num_classes)."""
        tokens = self.positions(self.class_token(self.patches(self.stem(images))))
        logits: Tensor = self.head(self.norm(self.layers(tokens)[:, 0]))
        return logits
