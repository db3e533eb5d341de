"""CvT: transformers with convolutional projections."""

from collections.abc import Sequence

from torch import Tensor, nn

from rnas.networks.modules._normalization import ChannelLayerNorm
from rnas.networks.modules._tokens import Attend


def projection(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    """Return a depthwise 3x3 convolution, a normalisation and a 1x1 convolution."""
    return nn.Sequential(
        nn.Conv2d(inputs, inputs, 3, stride, padding=1, groups=inputs, bias=False),
        nn.BatchNorm2d(inputs),
        nn.Conv2d(inputs, outputs, 1, bias=False),
    )


class ConvolutionalAttention(nn.Module):
    """Let every position attend to a map of half its size; convolutions make queries, keys and values.

    Args:
        width: channels of the map.
        heads: number of heads.
        head_width: channels of a head.
    """

    def __init__(self, width: int, heads: int, head_width: int) -> None:
        super().__init__()
        self.heads, self.scale = heads, head_width**-0.5
        self.q = projection(width, heads * head_width, 1)
        self.kv = projection(width, 2 * heads * head_width, 2)
        self.attend = Attend()
        self.out = nn.Conv2d(heads * head_width, width, 1)

    def forward(self, maps: Tensor) -> Tensor:
        """Map (N, width, H, W) to the same shape."""
        queries = self.q(maps).flatten(2).unflatten(1, (self.heads, -1)).transpose(2, 3)
        keys, values = self.kv(maps).flatten(2).unflatten(1, (2, self.heads, -1)).transpose(3, 4).unbind(1)
        mixed = self.attend(queries * self.scale, keys, values).transpose(2, 3).flatten(1, 2)
        out: Tensor = self.out(mixed.reshape(maps.shape[0], -1, maps.shape[2], maps.shape[3]))
        return out


class CvTBlock(nn.Module):
    """Add attention of the normalised map to it, and then a feed-forward part of the normalised sum."""

    def __init__(self, width: int, heads: int, head_width: int, expansion: int) -> None:
        super().__init__()
        hidden = expansion * width
        self.norm1 = ChannelLayerNorm(width)
        self.attention = ConvolutionalAttention(width, heads, head_width)
        self.norm2 = ChannelLayerNorm(width)
        self.feed_forward = nn.Sequential(nn.Conv2d(width, hidden, 1), nn.GELU(), nn.Conv2d(hidden, width, 1))

    def forward(self, maps: Tensor) -> Tensor:
        """Map (N, width, H, W) to the same shape."""
        maps = maps + self.attention(self.norm1(maps))
        out: Tensor = maps + self.feed_forward(self.norm2(maps))
        return out


class CvTNetwork(nn.Module):
    """Run stages of a 3x3 convolution with a stride and of blocks of attention, and classify the mean map.

    Args:
        image_channels: channels of an image.
        num_classes: number of logits.
        patch: stride of the first convolution.
        depths: number of blocks of each stage.
        channels: channels of each stage.
        heads: number of heads of each stage.
        head_width: channels of a head.
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
        heads: Sequence[int],
        head_width: int,
        expansion: int,
    ) -> None:
        super().__init__()
        self.stages = nn.Sequential()
        inputs, stride = image_channels, patch
        for depth, width, count in zip(depths, channels, heads, strict=True):
            stage = nn.Sequential(nn.Conv2d(inputs, width, 3, stride, padding=1), ChannelLayerNorm(width))
            for _ in range(depth):
                stage.append(CvTBlock(width, count, head_width, expansion))
            self.stages.append(stage)
            inputs, stride = width, 2
        self.head = nn.Linear(inputs, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, C, H, W) to logits (N, num_classes)."""
        logits: Tensor = self.head(self.stages(images).mean(dim=(2, 3)))
        return logits
