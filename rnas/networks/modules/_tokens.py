"""The parts that networks of attention share: tokens, attention, layers that use it, and positions.

Tokens are (N, T, C), and a map is (N, C, H, W). The tokens of a map are its positions, row by row.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn


def to_tokens(maps: Tensor) -> Tensor:
    """Turn maps (N, C, H, W) into tokens (N, H W, C)."""
    return maps.flatten(2).transpose(1, 2)


def to_maps(tokens: Tensor, size: Sequence[int]) -> Tensor:
    """Turn tokens (N, H W, C) into maps (N, C, H, W) of the size (H, W)."""
    return tokens.transpose(1, 2).reshape(tokens.shape[0], tokens.shape[2], size[0], size[1])


class Patches(nn.Module):
    """Cut maps into patches that do not overlap, and apply one linear layer to each.

    Args:
        inputs: channels of the maps.
        outputs: channels of a token.
        patch: side of a patch.
    """

    def __init__(self, inputs: int, outputs: int, patch: int) -> None:
        super().__init__()
        self.patch = patch
        self.linear = nn.Linear(patch * patch * inputs, outputs)

    def forward(self, maps: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, H W / patch^2, outputs); the values of a patch are by row, column and channel."""
        count, channels, height, width = maps.shape
        side = self.patch
        cut = maps.reshape(count, channels, height // side, side, width // side, side).permute(0, 2, 4, 3, 5, 1)
        tokens: Tensor = self.linear(cut.flatten(3).flatten(1, 2))
        return tokens


class Attend(nn.Module):
    """Weigh values by how well their keys match the queries.

    The products are written out: fused kernels have no second derivative, and on a GPU their gradients are not the same
    in every run.
    """

    def forward(self, queries: Tensor, keys: Tensor, values: Tensor, bias: Tensor | None = None) -> Tensor:
        """Map queries (..., Q, D), scaled, keys (..., K, D) and values (..., K, V) to (..., Q, V).

        Args:
            queries: what each token looks for.
            keys: what each token offers.
            values: what each token passes on.
            bias: what is added to the products (..., Q, K) before the softmax.
        """
        scores = queries @ keys.transpose(-2, -1)
        if bias is not None:
            scores = scores + bias
        return scores.softmax(dim=-1) @ values

    def multiply_accumulates(self, inputs: Sequence[Tensor], output: Tensor) -> int:
        """Return how many multiplications both products need."""
        return (inputs[0].numel() + output.numel()) * inputs[1].shape[-2]


class SelfAttention(nn.Module):
    """Mix tokens by attention of several heads (Vaswani et al., NeurIPS 2017).

    Args:
        inputs: channels of a token.
        heads: number of heads.
        head_width: channels of a head.
        outputs: channels of a token afterwards.
        qkv_bias: whether the layer of queries, keys and values has a bias.
        scale: factor of the queries; None is one over the root of the head's channels.
    """

    def __init__(
        self,
        inputs: int,
        heads: int,
        head_width: int,
        outputs: int,
        *,
        qkv_bias: bool = False,
        scale: float | None = None,
    ) -> None:
        super().__init__()
        self.heads = heads
        self.scale = head_width**-0.5 if scale is None else scale
        self.qkv = nn.Linear(inputs, 3 * heads * head_width, bias=qkv_bias)
        self.attend = Attend()
        self.out = nn.Linear(heads * head_width, outputs)

    def forward(self, tokens: Tensor, bias: Tensor | None = None) -> Tensor:
        """Map tokens (..., T, inputs) to (..., T, outputs); a bias is added to the products of all pairs of tokens."""
        parts = self.qkv(tokens).unflatten(-1, (3, self.heads, -1)).transpose(-2, -4)
        queries, keys, values = parts.unbind(-3)
        mixed = self.attend(queries * self.scale, keys, values, bias)
        out: Tensor = self.out(mixed.transpose(-2, -3).flatten(-2))
        return out


class FeedForward(nn.Sequential):
    """Apply a linear layer, an activation and a linear layer to each token."""

    def __init__(self, inputs: int, hidden: int, outputs: int, activation: Callable[[], nn.Module] = nn.GELU) -> None:
        super().__init__(nn.Linear(inputs, hidden), activation(), nn.Linear(hidden, outputs))


class EncoderLayer(nn.Module):
    """Add attention of the normalised tokens to them, and then a feed-forward part of the normalised sum.

    Args:
        width: channels of a token.
        heads: number of heads.
        head_width: channels of a head.
        hidden: channels between the linear layers of the feed-forward part.
        scale: factor of the queries; see :class:`SelfAttention`.
        activation: function that makes the activation of the feed-forward part.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        head_width: int,
        hidden: int,
        *,
        scale: float | None = None,
        activation: Callable[[], nn.Module] = nn.GELU,
    ) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attention = SelfAttention(width, heads, head_width, width, scale=scale)
        self.norm2 = nn.LayerNorm(width)
        self.feed_forward = FeedForward(width, hidden, width, activation)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens (..., T, width) to the same shape."""
        tokens = tokens + self.attention(self.norm1(tokens))
        out: Tensor = tokens + self.feed_forward(self.norm2(tokens))
        return out


class ClassToken(nn.Module):
    """Put a learned token before the others.

    Args:
        width: channels of a token.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.randn(width))

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens (N, T, width) to (N, 1 + T, width)."""
        return torch.cat([self.token.expand(tokens.shape[0], 1, -1), tokens], dim=1)


class LearnedPositions(nn.Module):
    """Add a learned vector to each token, which starts from N(0, deviation^2)."""

    def __init__(self, tokens: int, width: int, deviation: float = 1.0) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.randn(tokens, width) * deviation)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens (N, T, width) to the same shape."""
        return tokens + self.table


class PositionGenerator(nn.Module):
    """Add a depthwise 3x3 convolution of the map to it (Chu et al., ICLR 2023), which tells tokens where they are."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1, groups=width)

    def forward(self, tokens: Tensor, size: Sequence[int]) -> Tensor:
        """Map the tokens (N, H W, width) of a map of the size (H, W) to the same shape."""
        return tokens + to_tokens(self.conv(to_maps(tokens, size)))


class RelativeBias(nn.Module):
    """Look up a learned bias for each pair of tokens by how far they are apart.

    Args:
        size: (H, W) of the map.
        heads: number of heads; each has biases of its own.
        deviation: standard deviation from which the biases start.
    """

    index: Tensor

    def __init__(self, size: tuple[int, int], heads: int, deviation: float = 0.0) -> None:
        super().__init__()
        height, width = size
        self.table = nn.Parameter(torch.randn((2 * height - 1) * (2 * width - 1), heads) * deviation)
        rows = torch.arange(height * width) // width
        columns = torch.arange(height * width) % width
        down = rows - rows[:, None] + height - 1
        right = columns - columns[:, None] + width - 1
        self.register_buffer("index", down * (2 * width - 1) + right, persistent=False)

    def forward(self) -> Tensor:
        """Return the biases (heads, T, T) of the products of queries with keys."""
        return self.table[self.index].permute(2, 0, 1)


class SequencePooling(nn.Module):
    """Average tokens with weights that a linear layer gives each of them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weigh = nn.Linear(width, 1)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens (N, T, width) to (N, width)."""
        mean: Tensor = self.weigh(tokens).softmax(dim=1).transpose(1, 2) @ tokens
        return mean.flatten(1)

    def multiply_accumulates(self, inputs: Sequence[Tensor], output: Tensor) -> int:
        """Return how many multiplications the weighted mean needs."""
        return inputs[0].numel()
