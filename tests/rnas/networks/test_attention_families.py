"""Tiny networks of every family of tokens; Swin's windows and MobileViT's block against code anew in float64."""

from math import inf

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from rnas.errors import InputError
from rnas.networks.architecture import Architecture, from_dict
from rnas.networks.cct import CompactTransformer
from rnas.networks.ceit import CeiT
from rnas.networks.cvt import CvT
from rnas.networks.levit import LeViT
from rnas.networks.mixer import MLPMixer
from rnas.networks.mobilevit import MobileViT
from rnas.networks.modules._mobilevit import MobileViTBlock
from rnas.networks.modules._resnet import BottleneckAttention
from rnas.networks.modules._swin import WindowAttention
from rnas.networks.poolformer import PoolFormer
from rnas.networks.preactivation import PreActivationResNet
from rnas.networks.resnet import ResNet
from rnas.networks.swin import Swin
from rnas.networks.vitae import ViTAE
from rnas.testing.architecture import ArchitectureConformance


class TestConformance(ArchitectureConformance):
    input_shape = (3, 8, 8)

    def architectures(self) -> list[Architecture]:
        return [
            Swin((2, 1), (4, 6), (1, 2), (2, 2), 2, 2, 2),
            CvT(2, (1, 1), (4, 6), (1, 2), 3, 2),
            LeViT((4,), (2, 1), (1, 1), (4, 6), (1, 2), 3, 2),
            MobileViT((4, 4, 4, 6, 6, 8), (1, 1, 2, 1, 2), (4, 6, 8), (1, 1, 1), (2, 2, 1), 2, 2, 2),
            PoolFormer(2, (1, 1), (4, 6), 2),
            CompactTransformer(8, 2, 2, 12),
            CeiT(4, 2, 6, 2, 2, 2),
            MLPMixer(4, 8, 2, 6, 5),
            ViTAE(4, (6, 6, 8), 2, 2, 2),
            ResNet("bottleneck", (1, 1, 2), (4, 4, 6), 2, 2, 3, 1, 2, True),
            PreActivationResNet("basic", (1, 2), (4, 6), 3, True, True, True),
            PreActivationResNet(depths=(1, 1), channels=(4, 6), stem_channels=4),
        ]


@torch.no_grad()
def test_shifted_windows_are_the_published_ones() -> None:
    window, grid, heads, head_width = 4, (2, 3), 2, 3
    ours = WindowAttention(5, heads, head_width, window, grid, shifted=True).double()
    height, width, half = 8, 12, 2
    x = torch.rand(height, width, 5, dtype=torch.float64)
    table = ours.relative.table.reshape(7, 7)
    q, k, v = (part.reshape(height, width, heads, head_width) for part in ours.attention.qkv(x).chunk(3, -1))
    mixed = torch.zeros(height, width, heads, head_width, dtype=torch.float64)

    def window_of(y: int, x: int) -> tuple[int, int, int, int]:
        """The window of a position after the shift, and the side of the map's end on which it lies."""
        row, column = (y - half) % height, (x - half) % width
        return row // window, column // window, int(row >= height - half), int(column >= width - half)

    positions = [(y, x) for y in range(height) for x in range(width)]
    for y, xx in positions:
        others = [place for place in positions if window_of(*place) == window_of(y, xx)]
        for head in range(heads):
            scores = []
            for down, right in others:
                apart = ((down - half) % height - (y - half) % height, (right - half) % width - (xx - half) % width)
                product = (q[y, xx, head] * k[down, right, head]).sum() / head_width**0.5
                scores.append(product + table[apart[0] + window - 1, apart[1] + window - 1])
            weights = torch.stack(scores).softmax(0)
            mixed[y, xx, head] = sum(w * v[place][head] for w, place in zip(weights, others, strict=True))
    expected = ours.attention.out(mixed.reshape(height, width, -1))
    torch.testing.assert_close(ours(x[None])[0], expected)
    assert (ours.mask == -inf).any()


@torch.no_grad()
def test_the_block_of_mobilevit_is_the_published_one() -> None:
    ours = MobileViTBlock(3, 4, 1, 2, 2, 5).double()
    ours(torch.rand(4, 3, 4, 6, dtype=torch.float64))
    ours.eval()
    x = torch.rand(2, 3, 4, 6, dtype=torch.float64)
    y = ours.enter(x)
    out = torch.zeros_like(y)
    (layer,) = ours.layers
    for down in range(2):
        for right in range(2):
            tokens = y[:, :, down::2, right::2].flatten(2).transpose(1, 2)
            inner = F.layer_norm(tokens, (4,), layer.norm1.weight, layer.norm1.bias)
            q, k, v = (heads(part) for part in F.linear(inner, layer.attention.qkv.weight).chunk(3, -1))
            weights = (q @ k.transpose(-1, -2) * 2**-0.5).softmax(-1)
            tokens = tokens + layer.attention.out((weights @ v).transpose(1, 2).flatten(2))
            inner = F.layer_norm(tokens, (4,), layer.norm2.weight, layer.norm2.bias)
            tokens = tokens + layer.feed_forward[2](F.silu(layer.feed_forward[0](inner)))
            out[:, :, down::2, right::2] = tokens.transpose(1, 2).unflatten(2, (2, 3))
    torch.testing.assert_close(ours(x), ours.fuse(torch.cat((ours.leave(out), x), 1)))


@torch.no_grad()
def test_attention_of_botnet_is_the_published_one() -> None:
    ours = BottleneckAttention(6, 2, (2, 3), 1).double()
    x = torch.rand(2, 6, 2, 3, dtype=torch.float64)
    q, k, v = (layer(x).reshape(2, 2, 3, 6) for layer in (ours.q, ours.k, ours.v))
    places = (ours.rows + ours.columns).reshape(1, 2, 3, 6)
    energy = q.transpose(2, 3) @ k + places.transpose(2, 3) @ q
    expected = v @ energy.softmax(-1).transpose(2, 3)
    torch.testing.assert_close(ours(x), expected.reshape(2, 6, 2, 3))


def heads(tokens: Tensor) -> Tensor:
    return tokens.unflatten(2, (2, 2)).transpose(1, 2)


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (Swin(), "stage 4 has no whole number of 4x4 windows at images of 16x16: give smaller merges"),
        (MobileViT(), "a map of 1x1 has no whole number of 2x2 patches at images of 16x16"),
        (CeiT(patch=8), "images of 16x16 are too small: give a smaller patch"),
        (MLPMixer(patch=5), "no whole number of 5x5 patches"),
    ],
)
def test_images_that_do_not_fit(network: Architecture, message: str) -> None:
    for use in (network.build, lambda classes, shape: network.cost(shape, classes)):
        with pytest.raises(InputError, match=message):
            use(10, (3, 16, 16))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"kind": "swin", "heads": [1, 2]}, "4 depths and 2 heads"),
        ({"kind": "resnet", "groups": 2}, "only bottlenecks have groups"),
        ({"kind": "resnet", "block": "bottleneck", "groups": 3}, "3 groups cannot share channels"),
        ({"kind": "resnet", "block": "bottleneck", "attention_heads": 3}, "512 channels cannot be shared by 3 heads"),
        ({"kind": "resnet", "stem_kernel": 2}, "give an odd number"),
        ({"kind": "pre-activation-resnet", "depths": [1]}, "1 depths and 4 channels"),
        ({"kind": "vitae", "channels": [96, 100, 384]}, "a multiple of 3"),
        ({"kind": "cvt", "patch": 0}, "patch is 0"),
        ({"kind": "levit", "strides": [2]}, "give one stride more than channels"),
        ({"kind": "mobilevit", "widths": [1]}, "widths are .*; give 3 numbers"),
        ({"kind": "poolformer", "depths": [0, 1, 1, 1]}, "depths is 0"),
        ({"kind": "cct", "heads": 3}, "256 channels cannot be shared by 3 heads"),
        ({"kind": "ceit", "heads": 5}, "192 channels cannot be shared by 5 heads"),
        ({"kind": "mlp-mixer", "width": 0}, "width is 0"),
    ],
)
def test_impossible_networks(fields: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        from_dict(fields)
