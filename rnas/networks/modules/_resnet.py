"""ResNets for small images."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from rnas.networks.modules._tokens import Attend
from rnas.networks.resnet import BlockPlace, block_places


class BottleneckAttention(nn.Module):
    """Let the positions of a map attend to each other, with a learned vector for each row and each column.

    Args:
        channels: channels of the map.
        heads: number of heads, which share the channels.
        size: (H, W) of the map.
        stride: side of the squares that are averaged afterwards.
    """

    def __init__(self, channels: int, heads: int, size: tuple[int, int], stride: int) -> None:
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v = (nn.Conv2d(channels, channels, 1) for _ in range(3))
        self.rows = nn.Parameter(torch.randn(heads, channels // heads, size[0], 1))
        self.columns = nn.Parameter(torch.randn(heads, channels // heads, 1, size[1]))
        self.attend = Attend()
        self.pool = nn.Identity() if stride == 1 else nn.AvgPool2d(stride, ceil_mode=True)

    def forward(self, maps: Tensor) -> Tensor:
        """Map (N, channels, H, W) to (N, channels, ceil(H / stride), ceil(W / stride))."""
        parts = (layer(maps).flatten(2).unflatten(1, (self.heads, -1)) for layer in (self.q, self.k, self.v))
        queries, keys, values = (part.transpose(2, 3) for part in parts)
        places = (self.rows + self.columns).flatten(2).transpose(1, 2).expand_as(queries)
        # One product compares queries with keys, and each position's vector with the queries.
        mixed = self.attend(torch.cat([queries, places], dim=-1), torch.cat([keys, queries], dim=-1), values)
        out: Tensor = self.pool(mixed.transpose(2, 3).reshape(maps.shape))
        return out


class Block(nn.Module):
    """Apply convolutions with batch normalisation and ReLU, and add the shortcut before the last ReLU."""

    def __init__(self, place: BlockPlace, size: tuple[int, int] = (1, 1)) -> None:
        super().__init__()
        self.length = len(place.convolutions)
        for number, (inputs, outputs, kernel, stride) in enumerate(place.convolutions, start=1):
            groups = place.groups if kernel == 3 else 1
            mixing: nn.Module = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
            if place.heads and kernel == 3:
                mixing = BottleneckAttention(outputs, place.heads, size, stride)
            self.add_module(f"conv{number}", mixing)
            self.add_module(f"bn{number}", nn.BatchNorm2d(outputs))
        self.shortcut = nn.Sequential()
        if place.projected:
            bias = place.shortcut_bias
            self.shortcut.append(nn.Conv2d(place.inputs, place.outputs, 1, stride=place.stride, bias=bias))
            self.shortcut.append(nn.BatchNorm2d(place.outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, outputs, ceil(H / stride), ceil(W / stride))."""
        out = x
        for number in range(1, self.length + 1):
            out = self.get_submodule(f"bn{number}")(self.get_submodule(f"conv{number}")(out))
            if number < self.length:
                out = torch.relu(out)
        return torch.relu(out + self.shortcut(x))


class ResNetwork(nn.Module):
    """Apply the stem, the stages, pooling and the classifier.

    Args:
        image_channels: channels of an image.
        num_classes: number of logits.
        depths: number of blocks of each stage.
        channels: channels of the 3x3 convolutions of each stage.
        expansion: 1 for blocks of two 3x3 convolutions; otherwise the output of a bottleneck has so many times the
            channels of its 3x3 convolution.
        groups: groups of that convolution.
        stem: channels of the stem; None are those of the first stage.
        stem_kernel: side of the stem's convolution.
        heads: heads of the attention that replaces the 3x3 convolutions of the last stage; 0 is none.
        shortcut_bias: whether the convolutions of shortcuts have a bias.
        size: (H, W) of the map that enters the last stage, for attention.
    """

    def __init__(
        self,
        image_channels: int,
        num_classes: int,
        depths: Sequence[int],
        channels: Sequence[int],
        expansion: int,
        *,
        groups: int = 1,
        stem: int | None = None,
        stem_kernel: int = 3,
        heads: int = 0,
        shortcut_bias: bool = False,
        size: tuple[int, int] = (1, 1),
    ) -> None:
        super().__init__()
        width = channels[0] if stem is None else stem
        self.conv1 = nn.Conv2d(image_channels, width, stem_kernel, padding=stem_kernel // 2, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.stages = len(depths)
        places = block_places(
            depths, channels, expansion, groups=groups, stem=stem, heads=heads, shortcut_bias=shortcut_bias
        )
        for stage in range(self.stages):
            layer = nn.Sequential()
            for place in (place for place in places if place.stage == stage):
                layer.append(Block(place, size))
                if place.heads:
                    size = -(-size[0] // place.stride), -(-size[1] // place.stride)
            self.add_module(f"layer{stage + 1}", layer)
        # For images of the published size, 32x32, this equals the published average over 4x4.
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.linear = nn.Linear(places[-1].outputs, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, C, H, W) to logits (N, num_classes)."""
        features = torch.relu(self.bn1(self.conv1(images)))
        for stage in range(self.stages):
            features = self.get_submodule(f"layer{stage + 1}")(features)
        logits: Tensor = self.linear(self.pool(features).flatten(1))
        return logits
