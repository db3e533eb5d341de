"""PVTv2, whose attention is compared with the published module written anew in float64."""

import pytest
import torch
from torch.nn import functional as F

from rnas.errors import InputError
from rnas.networks.architecture import Architecture, from_dict
from rnas.networks.modules._pvt import ConvolutionalFeedForward, ReducedAttention, pooling
from rnas.networks.pvt import PyramidVisionTransformer
from rnas.testing.architecture import ArchitectureConformance


class TestConformance(ArchitectureConformance):
    input_shape = (3, 8, 8)

    def architectures(self) -> list[Architecture]:
        return [
            PyramidVisionTransformer(1, (1, 2), (4, 6), (1, 3), (2, 1)),
            PyramidVisionTransformer(2, (1, 1, 1), (4, 6, 8), (2, 1, 2), (2, 1, 1)),
        ]


@pytest.mark.parametrize("size", [(8, 4), (9, 2), (1, 1)])
@torch.no_grad()
def test_attention_is_the_published_one(size: tuple[int, int]) -> None:
    ours = ReducedAttention(6, 2, size).double()
    height, width = size
    x = torch.rand(2, height * width, 6, dtype=torch.float64)
    # The forward pass of the authors' code, with its names.
    q = ours.q(x).reshape(2, height * width, 2, 3).permute(0, 2, 1, 3)
    pooled = F.adaptive_avg_pool2d(x.permute(0, 2, 1).reshape(2, 6, height, width), 7)
    x_ = F.conv2d(pooled, ours.reduce.weight, ours.reduce.bias).reshape(2, 6, -1).permute(0, 2, 1)
    x_ = F.gelu(F.layer_norm(x_, (6,), ours.norm.weight, ours.norm.bias))
    k, v = ours.kv(x_).reshape(2, -1, 2, 2, 3).permute(2, 0, 3, 1, 4)
    attn = ((q @ k.transpose(-2, -1)) * 3**-0.5).softmax(dim=-1)
    expected = ours.out((attn @ v).transpose(1, 2).reshape(2, height * width, 6))
    torch.testing.assert_close(ours(x), expected)


@torch.no_grad()
def test_feed_forward_is_the_published_one() -> None:
    ours = ConvolutionalFeedForward(4, 6, (3, 2)).double()
    x = torch.rand(2, 6, 4, dtype=torch.float64)
    hidden = F.relu(F.linear(x, ours.fc1.weight, ours.fc1.bias))
    maps = F.conv2d(hidden.transpose(1, 2).reshape(2, 6, 3, 2), ours.conv.weight, ours.conv.bias, padding=1, groups=6)
    expected = F.linear(F.gelu(maps.flatten(2).transpose(1, 2)), ours.fc2.weight, ours.fc2.bias)
    torch.testing.assert_close(ours(x), expected)


def test_windows_are_those_of_adaptive_pooling() -> None:
    for cells in (1, 2, 5, 7, 16, 31):
        axis = torch.rand(1, cells)
        torch.testing.assert_close(axis @ pooling(cells, 7).T, F.adaptive_avg_pool1d(axis, 7))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"depths": [1, 2]}, "2 depths and 4 channels"),
        ({"heads": [1, 3, 5, 8]}, "128 channels cannot be shared by 3 heads"),
        ({"patch": 0}, "patch is 0"),
        ({"depths": [], "channels": [], "heads": [], "expansions": []}, "no stage"),
    ],
)
def test_impossible_networks(fields: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        from_dict({"kind": "pvt", **fields})
