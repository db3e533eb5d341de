"""The short notation of residual networks."""

import pytest

from baselines.robust_resnet import ARCHITECTURES as ROBUST_RESNETS
from baselines.wide_resnet import wide_resnet, wrn_34_r
from rnas.errors import InputError
from rnas.networks.architecture import Architecture
from rnas.networks.block import Block
from rnas.networks.blocks.robust_res_block import ROBUST_RES_BLOCK
from rnas.networks.residual import ResidualNetwork, widened
from search_spaces.robust_resnet import RobustResNetSettings, RobustResNetSpace


def parse(text: str) -> Architecture:
    return RobustResNetSpace(RobustResNetSettings(), (3, 32, 32), 10).parse(text)


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("D 4-4-4 W 10-10-10", wide_resnet(28, 10)),
        ("  D 5-5-5   W 20-20-8 ", wrn_34_r()),
        ("D 14-14-7 W 5-7-3 robust-res-block", ROBUST_RESNETS["robust-resnet-a1"]),
        ("D 1-1-1 W 0.5-0.25-2.5", ResidualNetwork((1, 1, 1), (8, 8, 160))),
        ("D 1-1-1 W 1-1-1 bottleneck", widened((1, 1, 1), (1, 1, 1), Block(topology="bottleneck"))),
        (
            "D 1-1-1 W 1-1-1 activation=silu kernel_size=5 stem_width=32",
            ResidualNetwork((1, 1, 1), (16, 32, 64), (Block(activation="silu", kernel_size=5),), stem_width=32),
        ),
        (
            "D 1-1-1 W 1-1-1 robust-res-block scales=1 squeeze_excitation=none",
            widened((1, 1, 1), (1, 1, 1), Block(topology="robust-res-block", cardinality=4, base_width=60)),
        ),
    ],
)
def test_reads(text: str, network: ResidualNetwork) -> None:
    assert parse(text) == network


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("WRN-28-10", "is not a residual network; write D 4-4-4 W 10-10-10"),
        ("D 4-4 W 10-10", "'4-4' is not 3 numbers"),
        ("D 4-4-x W 1-1-1", "'4-4-x' is not 3 numbers"),
        ("D 4-4-4 W 1-1-0.3", "whole numbers"),
        ("D 4-4-1.5 W 1-1-1", "whole numbers"),
        ("D 0-1-1 W 1-1-1", "depth is 0"),
        ("D 1-1-1 W 1-1-1 pyramid", "unknown block 'pyramid'"),
        ("D 1-1-1 W 1-1-1 colour=red", "a block has no 'colour'"),
        ("D 1-1-1 W 1-1-1 kernel_size=big", "kernel_size is 'big'"),
        ("D 1-1-1 W 1-1-1 order=middle", "order is 'middle'"),
        ("D 1-1-1 W 1-1-1 stem_width=-1", "stem_width is '-1'"),
        ("D 1-1-1 W 1-1-1 basic bottleneck", "two topologies"),
        ("D 1_0-4-4 W 1-1-1", "'1_0-4-4' is not 3 numbers"),
        ("D inf-4-4 W 1-1-1", "'inf-4-4' is not 3 numbers"),
        ("D 4-4-4 W nan-1-1", "'nan-1-1' is not 3 numbers"),
        ("D 1-1-1 W 1-1-1 activation=silu activation=relu", "names a setting twice"),
        ("D 1-1-1 W 1-1-1 basic scales=8", "basic has no scales here; leave it out"),
        ("D 1-1-1 W 1-1-1 reduction=8", "basic has no reduction here"),
        ("D 1-1-1 W 1-1-1 order=post equal_width_shortcut=raw", "basic has no equal_width_shortcut here"),
        ('{"kind":"residual"', "not valid JSON"),
    ],
)
def test_refuses(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse(text)


def test_networks_of_a_space_are_enlarged_as_it_says() -> None:
    space = RobustResNetSpace(RobustResNetSettings(stages=2, upsample=3), (1, 8, 8), 10)
    network = space.parse("D 1-2 W 1-1 robust-res-block")
    assert network == ResidualNetwork((1, 2), (16, 32), (ROBUST_RES_BLOCK,), upsample=3)
    assert space.decode(space.encode(network)) == network
