import math

import pytest
import torch
from torch import Tensor, nn

from rnas.errors import DivergedError
from rnas.nas.proxies.synflow import synflow
from rnas.networks.architecture import Architecture
from rnas.networks.block import Block
from rnas.networks.nas_bench_201 import NASBench201Cell
from rnas.networks.normalization import NORMALIZATIONS
from rnas.networks.residual import ResidualNetwork
from tests.rnas.nas.proxies.chains import Chain, Matrix, scaled

IMAGES = torch.rand(4, 1, 1, 2, generator=torch.Generator().manual_seed(0))
FIRST: Matrix = ((1.0, -2.0), (3.0, 4.0))
SECOND: Matrix = ((5.0, -6.0),)
ONES: Matrix = ((1.0,) * 4,) * 4


def score(architecture: Architecture, images: Tensor = IMAGES, seed: int = 0) -> float:
    channels, height, width = images.shape[1:]
    return synflow(architecture, (channels, height, width), 3, images, seed)


def test_by_hand() -> None:
    # The sum of logits is 5 (1 + 2) + 6 (3 + 4) = 57, and the flow through each layer is all of it.
    assert score(Chain((FIRST, SECOND))) == pytest.approx(math.log(2 * 57), abs=1e-12)


def test_biases_are_made_positive_and_their_own_flow_is_not_counted() -> None:
    # The second layer passes on 5 (3 + 1) + 6 * 7 = 62, of which the first layer's weights give 57.
    assert score(Chain((FIRST, SECOND), bias=(-1.0, 0.0))) == pytest.approx(math.log(57 + 62), abs=1e-12)


def test_scale_of_each_layer_is_a_factor() -> None:
    network = Chain((scaled(FIRST, -3.0), scaled(SECOND, 0.5)))
    assert score(network) == pytest.approx(math.log(1.5 * 2 * 57), abs=1e-12)


@pytest.mark.parametrize("make", [nn.BatchNorm1d, nn.LayerNorm, lambda width: nn.GroupNorm(1, width)])
def test_normalisation_is_left_out(make: type[nn.Module]) -> None:
    network = Chain((FIRST, SECOND), lambda: nn.Sequential(make(2), nn.ReLU()))
    assert score(network) == pytest.approx(math.log(2 * 57), abs=1e-12)


def test_all_normalisations_of_a_network_give_one_score() -> None:
    images = torch.rand(2, 3, 8, 8)
    networks = [ResidualNetwork((1, 1), (4, 8), (Block(normalization=name),)) for name in NORMALIZATIONS]
    scores = [score(network, images) for network in networks]
    assert scores == pytest.approx([scores[0]] * len(networks), rel=1e-12)


def test_images_are_not_read_and_weights_are() -> None:
    network = ResidualNetwork((1, 1), (4, 8))
    images = torch.rand(2, 3, 8, 8)
    assert score(network, images) == score(network, images * math.nan) == score(network, images[:1])
    assert score(network, images) != score(network, images, seed=1)


def test_deep_networks_do_not_overflow() -> None:
    # 4 * 4^60 paths of weight 1000^60: far beyond float32.
    network = Chain((scaled(ONES, 1e3),) * 60)
    assert score(network, torch.rand(2, 1, 2, 2)) == pytest.approx(math.log(60 * 4) + 60 * math.log(4e3), rel=1e-12)
    with pytest.raises(DivergedError, match="flow of the untrained network is inf"):
        score(Chain((scaled(ONES, 1e30),) * 12), torch.rand(2, 1, 2, 2))


def test_networks_that_pass_nothing_on_are_the_worst() -> None:
    assert score(NASBench201Cell(("none",) * 6, channels=2, cells=1), torch.rand(2, 3, 8, 8)) == -math.inf
