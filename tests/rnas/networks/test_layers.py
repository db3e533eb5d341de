"""Activations, normalisations and gates against their definitions."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from rnas.networks.activations import ACTIVATIONS
from rnas.networks.modules._activations import TwoSlope
from rnas.networks.modules._normalization import ChannelLayerNorm, groups
from rnas.networks.modules._squeeze_excitation import SqueezeExcitation
from rnas.networks.normalization import NORMALIZATIONS, runs_on
from rnas.networks.squeeze_excitation import hidden_units

DEFINITIONS = {
    "relu": lambda x: x.clamp(min=0),
    "silu": lambda x: x * torch.sigmoid(x),
    "gelu": lambda x: x * 0.5 * (1 + torch.erf(x / 2**0.5)),
    "softplus": lambda x: torch.log1p(torch.exp(x)),
    "mish": lambda x: x * torch.tanh(torch.log1p(torch.exp(x))),
    "elu": lambda x: torch.where(x > 0, x, torch.expm1(x)),
    "leaky-relu": lambda x: torch.where(x > 0, x, 0.01 * x),
    "prelu": lambda x: torch.where(x > 0, x, 0.25 * x),
}


@pytest.mark.parametrize("name", DEFINITIONS)
def test_activations_are_their_definitions(name: str) -> None:
    x = torch.linspace(-5, 5, 101, dtype=torch.float64)
    torch.testing.assert_close(ACTIVATIONS[name].make().double()(x), DEFINITIONS[name](x))


def test_two_slope_is_its_definition() -> None:
    torch.manual_seed(0)
    x = torch.linspace(-5, 5, 101)
    for _ in range(5):
        activation = TwoSlope()
        alpha, beta = activation.alpha.detach(), activation.beta.detach()
        expected = (beta * x).clamp(min=0) - (alpha * x).clamp(max=0)
        torch.testing.assert_close(activation(x), expected)


@pytest.mark.parametrize("name", ["relu", "prelu", "two-slope"])
def test_activations_keep_the_precision_of_their_maps(name: str) -> None:
    activation = ACTIVATIONS[name].make()
    maps = torch.ones(1, 2, 2, 2, dtype=torch.bfloat16)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert activation(maps).dtype == torch.bfloat16


@pytest.mark.parametrize("table", [ACTIVATIONS, NORMALIZATIONS], ids=["activations", "normalizations"])
def test_stated_parameters_are_those_of_the_module(table: dict) -> None:
    for entry in table.values():
        channels = [24] if table is NORMALIZATIONS else []
        params = sum(p.numel() for p in entry.make(*channels).parameters())
        assert params == entry.params * (24 if channels else 1)


def test_channel_layer_norm_normalises_each_position() -> None:
    torch.manual_seed(0)
    norm = ChannelLayerNorm(6).double()
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    x = torch.randn(2, 6, 3, 5, dtype=torch.float64)
    mean, var = x.mean(dim=1, keepdim=True), x.var(dim=1, keepdim=True, unbiased=False)
    expected = (x - mean) / (var + 1e-5).sqrt() * norm.weight[:, None, None] + norm.bias[:, None, None]
    torch.testing.assert_close(norm(x), expected)


@given(st.integers(1, 2000))
def test_groups_are_the_most_that_divide_and_stay_below_an_eighth(channels: int) -> None:
    number = groups(channels)
    assert channels % number == 0
    assert number == max([n for n in range(1, channels // 8 + 1) if channels % n == 0], default=1)


def test_only_instance_normalization_needs_two_positions() -> None:
    for name, normalization in NORMALIZATIONS.items():
        layer = normalization.make(8).train()
        for size in ((1, 1), (1, 2)):
            try:
                layer(torch.randn(2, 8, *size))
                ran = True
            except ValueError:
                ran = False
            assert runs_on(name, size) == ran


def test_gate_is_its_definition() -> None:
    torch.manual_seed(0)
    gate = SqueezeExcitation(8, 2)
    x = torch.randn(3, 8, 4, 5)
    reduce, _, expand, _ = gate.fc
    pooled = F.adaptive_avg_pool2d(x, 1).flatten(1)
    expected = torch.sigmoid(F.relu(pooled @ reduce.weight.T) @ expand.weight.T)
    torch.testing.assert_close(gate(x), expected[:, :, None, None])


@pytest.mark.parametrize(("channels", "reduction", "units"), [(320, 64, 5), (16, 16, 1), (15, 16, 1), (900, 64, 14)])
def test_hidden_units_are_at_least_one(channels: int, reduction: int, units: int) -> None:
    assert hidden_units(channels, reduction) == units
