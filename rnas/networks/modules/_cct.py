"""Compact convolutional transformers."""

import torch
from torch import Tensor, nn

from rnas.networks.modules._tokens import FeedForward, LearnedPositions, SelfAttention, SequencePooling, to_tokens


class CompactLayer(nn.Module):
    """Add attention of the normalised tokens to them, normalise the sum, and add a feed-forward part of that."""

    def __init__(self, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attention = SelfAttention(width, heads, width // heads, width)
        self.norm2 = nn.LayerNorm(width)
        self.feed_forward = FeedForward(width, hidden, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens (N, T, width) to the same shape."""
        tokens = self.norm2(tokens + self.attention(self.norm1(tokens)))
        out: Tensor = tokens + self.feed_forward(tokens)
        return out


class CompactNetwork(nn.Module):
    """Make tokens by a convolution and pooling, mix them by layers of attention, and classify their weighted mean.

    Args:
        image_channels: channels of an image.
        num_classes: number of logits.
        tokens: number of tokens.
        width: channels of a token.
        depth: number of layers.
        heads: number of heads.
        hidden: channels of the feed-forward parts.
    """

    def __init__(
        self, image_channels: int, num_classes: int, *, tokens: int, width: int, depth: int, heads: int, hidden: int
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(image_channels, width, 3, padding=1, bias=False)
        self.pool = nn.MaxPool2d(3, 2, padding=1)
        self.positions = LearnedPositions(tokens, width, 0.2)
        self.layers = nn.Sequential(*(CompactLayer(width, heads, hidden) for _ in range(depth)))
        self.norm = nn.LayerNorm(width)
        self.read = SequencePooling(width)
        self.head = nn.Linear(width, num_classes)
        nn.init.kaiming_normal_(self.conv.weight)
        for layer in self.modules():
            if isinstance(layer, nn.Linear):
                nn.init.trunc_normal_(layer.weight, std=0.02)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, C, H, W) to logits (N, num_classes)."""
        tokens = self.positions(to_tokens(self.pool(torch.relu(self.conv(images)))))
        logits: Tensor = self.head(self.read(self.norm(self.layers(tokens))))
        return logits
