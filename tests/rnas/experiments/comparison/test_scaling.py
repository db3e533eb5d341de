import pytest

from rnas.errors import InputError
from rnas.experiments.comparison._scaling import own_rule, scaling_of
from rnas.networks.darts_cells import DartsCellNetwork
from rnas.networks.nas_bench_201 import NASBench201Cell
from rnas.networks.residual import ResidualNetwork
from rnas.networks.robnet import RobNetwork
from rnas.networks.robust_scaling import Rule
from rnas.networks.zoo import find

CIFAR = (3, 32, 32)
NETWORK = ResidualNetwork((4, 6, 2), (96, 96, 128))


def test_residual_networks_keep_their_own_proportions_or_take_the_rule() -> None:
    own, ruled = (
        scaling_of(NETWORK, 0.05, robust_scaling=robust_scaling).nearest(10**9, CIFAR, 10)
        for robust_scaling in (False, True)
    )
    off = []
    for found in (own, ruled):
        assert abs(found.deviation) <= 0.05
        assert isinstance(found.architecture, ResidualNetwork)
        widths = [planes / (16 * 2**stage) for stage, planes in enumerate(found.architecture.channels)]
        off.append([rule.distance(found.architecture.depths, widths) for rule in (own_rule(NETWORK), Rule())])
    assert off[0][0] < off[1][0] / 4
    assert off[1][1] < off[0][1] / 4


def test_a_network_at_its_own_flops_stays_what_it_is() -> None:
    flops = NETWORK.cost(CIFAR, 10).flops
    assert scaling_of(NETWORK, 0.05, robust_scaling=False).nearest(flops, CIFAR, 10).architecture == NETWORK


def test_two_stages_have_no_rule_but_proportions() -> None:
    network = ResidualNetwork((1, 2), (6, 12))
    assert scaling_of(network, 0.05, robust_scaling=False).nearest(10**9, CIFAR, 10).flops > 0
    with pytest.raises(InputError, match="RobustScaling is for 3 stages; a network of 2"):
        scaling_of(network, 0.05, robust_scaling=True)


@pytest.mark.parametrize(
    "network", [DartsCellNetwork(), RobNetwork(("10" * 14,)), NASBench201Cell(("nor_conv_3x3",) * 6), None]
)
def test_networks_of_cells_change_their_channels_alone(network: object) -> None:
    cells = network or find("darts-r").network
    found = scaling_of(cells, 0.05, robust_scaling=False).nearest(10**9, CIFAR, 10)
    assert abs(found.deviation) < 0.1
    same = {name: value for name, value in vars(found.architecture).items() if "channels" not in name}
    assert same == {name: value for name, value in vars(cells).items() if "channels" not in name}


def test_what_cannot_be_scaled_is_said() -> None:
    with pytest.raises(InputError, match="cannot be scaled by itself"):
        scaling_of(find("vgg-11").network, 0.05, robust_scaling=False)


@pytest.mark.parametrize(
    ("channels", "unit"), [((160, 320, 640), "16, 32, 64"), ((16, 32, 64), "4, 8, 16"), ((5, 5, 5), "1, 1, 1")]
)
def test_widths_are_in_units_that_divide_the_network_s_own(channels: tuple[int, ...], unit: str) -> None:
    scaling = scaling_of(ResidualNetwork((1, 2, 1), channels), 0.05, robust_scaling=False)
    assert f"multiples of {unit} channels" in scaling.description
    ruled = scaling_of(ResidualNetwork((1, 2, 1), channels), 0.05, robust_scaling=True)
    assert "multiples of 16, 32, 64 channels" in ruled.description
