"""Networks between convolution and attention; CoAtNet's blocks against the public module written anew in float64."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from rnas.errors import InputError
from rnas.networks.activations import ACTIVATIONS
from rnas.networks.architecture import Architecture, Shape, from_dict
from rnas.networks.conv_attention import POOLED_NORMALIZATIONS, ConvAttention, costs_of
from rnas.networks.modules._conv_attention import AttentionBlock, ConvolutionBlock
from rnas.networks.modules.measured_cost import measured_cost
from rnas.testing.architecture import ArchitectureConformance

STAGES = 3
SMALL = st.integers(1, 6)


def per_stage(values: st.SearchStrategy[int]) -> st.SearchStrategy[tuple[int, ...]]:
    return st.tuples(*[values] * STAGES)


NETWORKS = st.builds(
    ConvAttention,
    layout=st.text("CT", min_size=STAGES, max_size=STAGES),
    depths=per_stage(st.integers(1, 2)),
    channels=per_stage(SMALL.map(lambda n: 4 * n)),
    stem_channels=SMALL.map(lambda n: 4 * n),
    patch=st.integers(1, 4),
    strides=per_stage(st.integers(1, 2)),
    heads=per_stage(st.integers(1, 3)),
    head_width=SMALL,
    expansions=per_stage(st.integers(1, 4)),
    kernels=per_stage(st.sampled_from([3, 5, 7])),
    positions=st.sampled_from(["relative", "conditional", "none"]),
    readout=st.sampled_from(["mean", "sequence"]),
    activation=st.sampled_from(sorted(ACTIVATIONS)),
    normalization=st.sampled_from(POOLED_NORMALIZATIONS),
)


# On the CPU: the first pass through attention without numbers takes torch seconds.
@settings(max_examples=20, deadline=None)
@given(NETWORKS, st.sampled_from([(1, 8, 8), (3, 9, 14), (3, 16, 16)]))
def test_cost_is_what_the_built_network_needs(network: ConvAttention, shape: Shape) -> None:
    assert network.cost(shape, 7) == measured_cost(network.build(7, shape), shape)


@settings(max_examples=5, deadline=None)
@given(st.lists(NETWORKS, min_size=2, max_size=5))
def test_costs_of_many_are_those_of_each(networks: list[ConvAttention]) -> None:
    costs = costs_of(networks, (3, 16, 16), 10)
    singles = [network.cost((3, 16, 16), 10) for network in networks]
    assert costs.params.tolist() == [cost.params for cost in singles]
    assert costs.flops.tolist() == [cost.flops for cost in singles]


class TestConformance(ArchitectureConformance):
    input_shape = (3, 8, 8)

    def architectures(self) -> list[Architecture]:
        return [
            ConvAttention("CT", (2, 2), (8, 12), 4, heads=(2,), head_width=3),
            ConvAttention("TC", (2, 1), (8, 8), 4, 1, (1, 2), (2, 1), 4, (2, 3), (3, 5), "conditional", "sequence"),
        ]


@torch.no_grad()
def test_relative_attention_is_the_published_one() -> None:
    size, heads, width = (3, 2), 2, 4
    ours = AttentionBlock(
        6, 10, 2, True, size=size, heads=heads, head_width=width, expansion=3, activation=nn.GELU, positions="relative"
    ).double()
    assert ours.relative is not None
    ours.relative.table.normal_()
    x = torch.rand(2, 6, 5, 4, dtype=torch.float64)
    pooled = F.max_pool2d(x, 3, 2, 1)
    tokens = F.layer_norm(pooled.flatten(2).transpose(1, 2), (6,), ours.norm1.weight, ours.norm1.bias)
    q, k, v = (part.reshape(2, 6, heads, width) for part in F.linear(tokens, ours.attention.qkv.weight).chunk(3, -1))
    mixed = torch.zeros(2, 6, heads, width, dtype=torch.float64)
    for head in range(heads):
        for i in range(6):
            scores = torch.stack([(q[:, i, head] * k[:, j, head]).sum(-1) * width**-0.5 for j in range(6)], dim=-1)
            for j in range(6):
                down, right = j // 2 - i // 2 + size[0] - 1, j % 2 - i % 2 + size[1] - 1
                scores[:, j] += ours.relative.table[down * (2 * size[1] - 1) + right, head]
            mixed[:, i, head] = (scores.softmax(-1)[:, :, None] * v[:, :, head]).sum(1)
    mixed_tokens = F.linear(mixed.reshape(2, 6, 8), ours.attention.out.weight, ours.attention.out.bias)
    projected = F.conv2d(pooled, ours.shortcut[1].weight).flatten(2).transpose(1, 2)
    out = projected + mixed_tokens
    inner = F.layer_norm(out, (10,), ours.norm2.weight, ours.norm2.bias)
    first, last = ours.feed_forward[0], ours.feed_forward[2]
    out = out + F.linear(F.gelu(F.linear(inner, first.weight, first.bias)), last.weight, last.bias)
    torch.testing.assert_close(ours(x), out.transpose(1, 2).reshape(2, 10, 3, 2))


def normalized(x: Tensor, norm: nn.BatchNorm2d) -> Tensor:
    return F.batch_norm(x, norm.running_mean, norm.running_var, norm.weight, norm.bias)


@torch.no_grad()
def test_the_convolution_block_is_the_published_one() -> None:
    ours = ConvolutionBlock(8, 6, 2, True, expansion=3, kernel=3, activation=nn.GELU, normalization=nn.BatchNorm2d)
    ours.double()(torch.rand(8, 8, 6, 6, dtype=torch.float64))
    ours.eval()
    x = torch.rand(2, 8, 6, 6, dtype=torch.float64)
    b = ours.branch
    y = F.gelu(normalized(F.conv2d(normalized(x, b[0]), b[1].weight, stride=2), b[2]))
    y = F.gelu(normalized(F.conv2d(y, b[4].weight, padding=1, groups=24), b[5]))
    gate = F.gelu(y.mean((2, 3)) @ b[7].fc1.weight.T) @ b[7].fc2.weight.T
    assert b[7].fc1.weight.shape == (2, 24)
    y = normalized(F.conv2d(y * gate.sigmoid()[:, :, None, None], b[8].weight), b[9])
    torch.testing.assert_close(ours(x), y + F.conv2d(F.max_pool2d(x, 3, 2, 1), ours.shortcut[1].weight))


def test_one_value_for_all_stages_is_the_same_network() -> None:
    assert ConvAttention(heads=(8, 8, 8, 8)) == ConvAttention()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"layout": "CAT"}, "layout is 'CAT'; write C or T for each stage"),
        ({"layout": "CT"}, "layout CT for 4 depths"),
        ({"heads": [1, 2]}, "4 depths and 2 heads"),
        ({"strides": [3]}, "each is 1 or 2"),
        ({"kernels": [4]}, "each is odd"),
        ({"activation": "sine"}, "activation is 'sine'; write one of relu"),
        ({"normalization": "instance"}, "normalization is 'instance'"),
        ({"patch": 0}, "patch is 0"),
    ],
)
def test_impossible_networks(fields: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        from_dict({"kind": "conv-attention", **fields})
