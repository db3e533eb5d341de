"""Residual networks: exact cost, training, structure and description, over all their options."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from rnas import registry
from rnas.errors import InputError
from rnas.networks.activations import ACTIVATIONS
from rnas.networks.architecture import Architecture, from_dict, from_json, to_dict, to_json
from rnas.networks.block import Block, block_type
from rnas.networks.blocks.robust_res_block import ROBUST_RES_BLOCK
from rnas.networks.modules.measured_cost import measured_cost
from rnas.networks.normalization import NORMALIZATIONS
from rnas.networks.residual import ResidualNetwork, widened
from rnas.testing.architecture import ArchitectureConformance

TOPOLOGIES = registry.names(registry.BLOCKS)


@st.composite
def blocks(draw: st.DrawFn) -> Block:
    topology = draw(st.sampled_from(TOPOLOGIES))
    placements = block_type(topology).placements
    return Block(
        topology=topology,
        activation=draw(st.sampled_from(sorted(ACTIVATIONS))),
        normalization=draw(st.sampled_from(sorted(NORMALIZATIONS))),
        order=draw(st.sampled_from(["pre", "post"])),
        first_input=draw(st.sampled_from(["raw", "activated"])),
        kernel_size=draw(st.sampled_from([1, 3, 5, 7])),
        cardinality=draw(st.sampled_from([1, 2, 3, 4, 8])),
        scales=draw(st.sampled_from([1, 2, 3, 4, 8])),
        base_width=draw(st.integers(1, 200)),
        squeeze_excitation=draw(st.sampled_from(placements)),
        reduction=draw(st.sampled_from([1, 3, 16, 64])),
        equal_width_shortcut=draw(st.sampled_from(["raw", "activated"])),
    )


@st.composite
def networks(draw: st.DrawFn) -> ResidualNetwork:
    stages = draw(st.integers(2, 4))
    number = draw(st.sampled_from([1, stages]))
    return ResidualNetwork(
        depths=tuple(draw(st.lists(st.integers(1, 3), min_size=stages, max_size=stages))),
        channels=tuple(draw(st.lists(st.integers(1, 40), min_size=stages, max_size=stages))),
        blocks=tuple(draw(st.lists(blocks(), min_size=number, max_size=number))),
        stem_width=draw(st.integers(1, 20)),
        upsample=draw(st.integers(1, 3)),
        head_activation=draw(st.sampled_from([None, *ACTIVATIONS])),
    )


# At least 9 pixels a side: four stages then leave maps of 2x2, which every normalisation can train on.
SHAPES = st.tuples(st.integers(1, 4), st.integers(9, 40), st.integers(9, 40))


@settings(max_examples=20, deadline=None)
@given(networks(), SHAPES, st.integers(1, 20))
def test_cost_is_what_the_built_network_needs(
    network: ResidualNetwork, shape: tuple[int, int, int], classes: int
) -> None:
    check_cost(network, shape, classes)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(networks(), SHAPES, st.integers(1, 20))
def test_cost_of_many_networks(network: ResidualNetwork, shape: tuple[int, int, int], classes: int) -> None:
    check_cost(network, shape, classes)


def check_cost(network: ResidualNetwork, shape: tuple[int, int, int], classes: int) -> None:
    with torch.device("meta"):
        module = network.build(classes, shape)
    assert network.cost(shape, classes) == measured_cost(module, shape)


@settings(max_examples=100, deadline=None)
@given(networks())
def test_json_gives_the_network_back(network: ResidualNetwork) -> None:
    assert from_json(to_json(network)) == network


class TestConformance(ArchitectureConformance):
    input_shape = (3, 12, 16)

    def architectures(self) -> Sequence[Architecture]:
        return [
            ResidualNetwork((1, 2), (4, 8)),
            ResidualNetwork((1, 2, 1), (8, 8, 4), (ROBUST_RES_BLOCK,), stem_width=4),
            ResidualNetwork((1, 1, 1, 2), (4, 4, 8, 8), (Block(order="post"),), upsample=2),
            ResidualNetwork((1, 1), (8, 8), (Block(), Block(topology="no-residual", order="post"))),
            ResidualNetwork((1, 1), (8, 8), (Block(order="post"), Block(activation="two-slope"))),
            ResidualNetwork((2, 1), (4, 8), (Block(topology="inverted-bottleneck"),), head_activation="silu"),
        ]


OPTIONS = [
    *[{"topology": topology} for topology in TOPOLOGIES],
    *[{"activation": activation} for activation in ACTIVATIONS],
    *[{"normalization": normalization} for normalization in NORMALIZATIONS],
    *[{"kernel_size": kernel_size} for kernel_size in (5, 7)],
    *[
        {"topology": topology, "squeeze_excitation": placement}
        for topology in TOPOLOGIES
        for placement in block_type(topology).placements[1:]
    ],
    {"topology": "bottleneck", "first_input": "activated"},
    {"topology": "robust-res-block", "scales": 4, "cardinality": 2, "base_width": 40},
    {"topology": "robust-res-block", "scales": 4, "first_input": "activated"},
    {"equal_width_shortcut": "raw"},
]


@pytest.mark.parametrize("order", ["pre", "post"])
@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: "-".join(map(str, options.values())))
def test_every_option_trains_and_evaluates(options: dict[str, Any], order: str) -> None:
    torch.manual_seed(0)
    network = ResidualNetwork((1, 2), (16, 16), (Block(order=order, **options),), stem_width=8)
    module = network.build(5, (3, 8, 8))
    images = torch.rand(4, 3, 8, 8, requires_grad=True)
    for training in (True, False):
        module.train(training).zero_grad()
        images.grad = None
        logits = module(images)
        assert logits.shape == (4, 5)
        F.cross_entropy(logits, torch.arange(4)).backward()
        assert images.grad is not None
        assert images.grad.isfinite().all()
        assert images.grad.any()
        for name, parameter in module.named_parameters():
            if name not in unread_parameters(network):
                assert parameter.grad is not None, name
                assert parameter.grad.isfinite().all(), name
            else:
                assert parameter.grad is None, name


def unread_parameters(network: ResidualNetwork) -> set[str]:
    """The first normalisation of blocks whose convolution and shortcut both read the raw input."""
    block = network.blocks[0]
    if block.topology not in ("bottleneck", "robust-res-block") or (block.order, block.first_input) != ("pre", "raw"):
        return set()
    return {
        f"blocks.{stage}.layer.{index}.bn1.{kind}"
        for stage, depth in enumerate(network.depths)
        for index in range(1, depth)
        for kind in ("weight", "bias")
    }


def test_weights_start_as_published() -> None:
    torch.manual_seed(0)
    grouped = Block(topology="robust-res-block", cardinality=4, base_width=60)
    module = ResidualNetwork((2, 2), (64, 64), (grouped,), stem_width=64).build(10, (3, 32, 32))
    for name, layer in module.named_modules():
        if isinstance(layer, nn.Conv2d):
            std = (2 / (layer.kernel_size[0] ** 2 * layer.out_channels)) ** 0.5
            assert layer.weight.std().item() == pytest.approx(std, rel=0.1), name
        elif isinstance(layer, nn.BatchNorm2d):
            assert (layer.weight == 1).all(), name
            assert (layer.bias == 0).all(), name
    assert (module.fc.bias == 0).all()
    assert module.fc.weight.any()


def test_images_are_enlarged_by_nearest_neighbours() -> None:
    torch.manual_seed(0)
    plain = widened((1, 1, 1), (0.25, 0.25, 0.25))
    enlarging = dataclasses.replace(plain, upsample=2)
    modules = [network.build(10, (1, 8, 8)).eval() for network in (plain, enlarging)]
    modules[1].load_state_dict(modules[0].state_dict())
    images = torch.rand(2, 1, 8, 8)
    large = images.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
    torch.testing.assert_close(modules[1](images), modules[0](large))


def test_equal_width_shortcut_changes_equal_widths_only() -> None:
    raw = Block(equal_width_shortcut="raw")
    for channels, equal in (((4, 4), False), ((4, 8), True)):
        modules = [ResidualNetwork((1, 1), channels, (block,)).build(3, (3, 8, 8)).eval() for block in (Block(), raw)]
        modules[1].load_state_dict(modules[0].state_dict())
        images = torch.rand(2, 3, 8, 8)
        assert torch.equal(modules[0](images), modules[1](images)) == equal


def test_head_activation_is_the_last_stages_unless_given() -> None:
    smooth = Block(activation="silu")
    network = ResidualNetwork((1, 1), (4, 8), (Block(), smooth))
    assert isinstance(network.build(3, (3, 8, 8)).head_activation, nn.SiLU)
    relu = dataclasses.replace(network, head_activation="relu")
    assert isinstance(relu.build(3, (3, 8, 8)).head_activation, nn.ReLU)
    assert dataclasses.replace(network, head_activation="silu") == network
    post = ResidualNetwork((1, 1), (4, 8), (Block(order="post"),), head_activation="silu")
    assert post.head_activation is None


def test_equal_blocks_are_one_block() -> None:
    once = ResidualNetwork((1, 1), (4, 8), (Block(activation="silu"),))
    assert ResidualNetwork((1, 1), (4, 8), (Block(activation="silu"),) * 2) == once


def test_widenings_multiply_the_base_channels() -> None:
    assert widened((1, 2, 3), (2, 2.5, 1)).channels == (32, 80, 64)
    with pytest.raises(InputError, match="whole numbers"):
        widened((1, 1, 1), (0.3, 1, 1))


def test_instance_normalization_is_refused_on_single_positions() -> None:
    network = ResidualNetwork((1, 1, 1, 1), (8, 8, 8, 8), (Block(normalization="instance"),))
    with pytest.raises(InputError, match="1x1 maps of stage 4"):
        network.build(10, (1, 8, 8))
    dataclasses.replace(network, upsample=2).build(10, (1, 8, 8))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"depths": (0, 1)}, "depth is 0"),
        ({"depths": (1, 1.5)}, "depth is 1.5"),
        ({"depths": (1, True)}, "depth is True"),
        ({"depths": (1,), "channels": (4,)}, "1 depths and 1 channels"),
        ({"depths": (1,) * 5, "channels": (4,) * 5}, "two to four"),
        ({"channels": (4, 4, 4)}, "2 depths and 3 channels"),
        ({"channels": (4, -4)}, "channels is -4"),
        ({"blocks": ()}, "0 blocks for 2 stages"),
        ({"blocks": (Block(),) * 3}, "3 blocks for 2 stages"),
        ({"stem_width": 0}, "stem_width is 0"),
        ({"upsample": 0}, "upsample is 0"),
        ({"head_activation": "sigmoid"}, "head_activation is 'sigmoid'"),
    ],
)
def test_impossible_networks_are_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        ResidualNetwork(**{"depths": (1, 1), "channels": (4, 8)} | fields)


def test_json_of_impossible_networks_is_refused_with_the_field() -> None:
    data = to_dict(ResidualNetwork((1, 1), (4, 8), (Block(activation="silu"),)))
    with pytest.raises(InputError, match="depth is 0"):
        from_dict(data | {"depths": [0, 1]})
    with pytest.raises(InputError, match=r"blocks\.0: .*known: basic"):
        from_dict(data | {"blocks": [{"topology": "pyramid"}]})
    with pytest.raises(InputError, match="width: Unexpected"):
        from_dict(data | {"width": 10})
    with pytest.raises(InputError, match=r"blocks\.0\.colour: Unexpected"):
        from_dict(data | {"blocks": [{"colour": "red"}]})
