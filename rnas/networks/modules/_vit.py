"""Vision Transformers."""

import torch
from torch import Tensor, nn

from rnas.networks.modules._tokens import (
    ClassToken,
    EncoderLayer,
    FeedForward,
    LearnedPositions,
    Patches,
    PositionGenerator,
)


class VisionTransformerNetwork(nn.Module):
    """Turn patches into tokens, mix them by layers of attention, and classify one token.

    Args:
        input_shape: (C, H, W) of an image.
        num_classes: number of logits.
        patch: side of a patch.
        width: channels of a token.
        depth: number of layers.
        heads: number of heads.
        hidden: channels between the linear layers of a feed-forward part.
        scale: factor of the queries.
        learned_positions: whether positions are a table; otherwise a convolution after the first layer makes them.
        class_token: whether a learned token is classified; otherwise it is the mean of the tokens.
        head_hidden: channels between the linear layers of the head; None for one linear layer.
    """

    def __init__(
        self,
        input_shape: tuple[int, int, int],
        num_classes: int,
        *,
        patch: int,
        width: int,
        depth: int,
        heads: int,
        hidden: int,
        scale: float,
        learned_positions: bool = True,
        class_token: bool = True,
        head_hidden: int | None = None,
    ) -> None:
        super().__init__()
        self.size = input_shape[1] // patch, input_shape[2] // patch
        tokens = self.size[0] * self.size[1]
        self.patches = Patches(input_shape[0], width, patch)
        self.class_token = ClassToken(width) if class_token else nn.Identity()
        self.positions = LearnedPositions(tokens + class_token, width) if learned_positions else nn.Identity()
        self.first = EncoderLayer(width, heads, width // heads, hidden, scale=scale)
        self.generator = None if learned_positions else PositionGenerator(width)
        others = (EncoderLayer(width, heads, width // heads, hidden, scale=scale) for _ in range(depth - 1))
        self.layers = nn.Sequential(*others)
        self.norm = nn.LayerNorm(width)
        self.head = (
            nn.Linear(width, num_classes) if head_hidden is None else FeedForward(width, head_hidden, num_classes)
        )
        self.is_classified = class_token

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, C, H, W) to logits (N, num_classes)."""
        tokens = self.first(self.positions(self.class_token(self.patches(images))))
        if self.generator is not None:
            own = int(self.is_classified)
            tokens = torch.cat([tokens[:, :own], self.generator(tokens[:, own:], self.size)], dim=1)
        tokens = self.layers(tokens)
        read = tokens[:, 0] if self.is_classified else tokens.mean(dim=1)
        logits: Tensor = self.head(self.norm(read))
        return logits
