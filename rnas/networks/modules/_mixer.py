"""MLP-Mixers."""

from torch import Tensor, nn

from rnas.networks.modules._tokens import ClassToken, FeedForward, Patches


class MixerLayer(nn.Module):
    """Mix each channel over the tokens, and then each token over its channels; both are added to their input."""

    def __init__(self, tokens: int, width: int, token_hidden: int, channel_hidden: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.tokens = FeedForward(tokens, token_hidden, tokens)
        self.norm2 = nn.LayerNorm(width)
        self.channels = FeedForward(width, channel_hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        """Map tokens (N, T, width) to the same shape."""
        x = x + self.tokens(self.norm1(x).transpose(1, 2)).transpose(1, 2)
        out: Tensor = x + self.channels(self.norm2(x))
        return out


class MixerNetwork(nn.Module):
    """Turn patches into tokens, mix them by layers without attention, and classify a learned token.

    Args:
        input_shape: (C, H, W) of an image.
        num_classes: number of logits.
        patch: side of a patch.
        width: channels of a token.
        depth: number of layers.
        token_hidden: values between the linear layers over tokens.
        channel_hidden: channels between the linear layers over channels.
    """

    def __init__(
        self,
        input_shape: tuple[int, int, int],
        num_classes: int,
        *,
        patch: int,
        width: int,
        depth: int,
        token_hidden: int,
        channel_hidden: int,
    ) -> None:
        super().__init__()
        tokens = 1 + (input_shape[1] // patch) * (input_shape[2] // patch)
        self.patches = Patches(input_shape[0], width, patch)
        self.class_token = ClassToken(width)
        self.layers = nn.Sequential(*(MixerLayer(tokens, width, token_hidden, channel_hidden) for _ in range(depth)))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, C, H, W) to logits (N, num_classes)."""
        tokens = self.layers(self.class_token(self.patches(images)))
        logits: Tensor = self.head(self.norm(tokens[:, 0]))
        return logits
