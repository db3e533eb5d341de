"""The networks called -R follow from the others by one rule."""

import pytest

from rnas.errors import InputError
from rnas.networks import DartsCellNetwork, ResidualNetwork, ResNet, find, reconfigured, widened
from rnas.networks.block import Block


@pytest.mark.parametrize(
    ("usual", "reconfiguration"), [("vgg-11", "vgg-11-r"), ("densenet-121", "densenet-121-r"), ("darts", "darts-r")]
)
def test_published_networks_follow_from_the_usual_ones(usual: str, reconfiguration: str) -> None:
    assert reconfigured(find(usual).network) == find(reconfiguration).network


def test_wrn_34_r_is_wrn_34_with_20_20_8() -> None:
    assert reconfigured(widened((5, 5, 5), (20, 20, 20))) == find("wrn-34-r").network


def test_only_the_last_stage_changes() -> None:
    assert reconfigured(ResNet(channels=(8, 16, 32, 64)), 0.25) == ResNet(channels=(8, 16, 32, 16))
    assert reconfigured(ResNet(), 1.0) == ResNet()
    assert reconfigured(ResNet(channels=(1, 1, 1, 1))) == ResNet(channels=(1, 1, 1, 1))
    cells = DartsCellNetwork(layers=4, channels=(2, 4, 6), stem_channels=3)
    # Each half of the channels after a reduction comes from one convolution.
    assert reconfigured(cells, 0.5) == DartsCellNetwork(layers=4, channels=(2, 4, 4), stem_channels=3)
    assert reconfigured(cells, 0.1) == DartsCellNetwork(layers=4, channels=(2, 4, 2), stem_channels=3)


def test_what_cannot_be_reconfigured() -> None:
    with pytest.raises(InputError, match="kind robnet has no channels of its last stage alone"):
        reconfigured(find("robnet-large").network)
    for share in (0, 1.5, -1):
        with pytest.raises(InputError, match=f"last_stage {share}: give a share above 0"):
            reconfigured(ResNet(), share)


def test_blocks_with_groups_say_what_does_not_fit() -> None:
    network = ResidualNetwork((1, 1, 1), (16, 32, 64), (Block("robust-res-block", cardinality=4, scales=8),))
    narrower = reconfigured(network, 0.5)
    assert narrower.cost((3, 32, 32), 10).flops < network.cost((3, 32, 32), 10).flops
