import math
from itertools import pairwise

import pytest
import torch

from rnas.errors import InputError
from rnas.evaluation.diagnostics.lipschitz_bounds import Layer, chain, log_bound
from rnas.networks.block import Block
from rnas.networks.blocks.robust_res_block import ROBUST_RES_BLOCK
from rnas.networks.nas_bench_201 import NASBench201Cell
from rnas.networks.residual import ResidualNetwork, widened
from rnas.networks.resnet import ResNet
from rnas.networks.vgg import VGG


def test_the_first_theorem_by_hand() -> None:
    # (sqrt(4) + sqrt(9)) (sqrt(9) + sqrt(16)) at 0.5 each.
    layers = [Layer(4, 9), Layer(9, 16)]
    assert [layer.bound(0.5) for layer in layers] == [2.5, 3.5]
    assert math.exp(log_bound(layers)) == pytest.approx(35.0)
    assert math.exp(log_bound(layers, 0.5)) == pytest.approx(8.75)


def test_the_second_theorem_by_hand() -> None:
    # m = 8, k = 3: 8 sqrt(4) + 6 sqrt(9).
    assert Layer(4, 9, (3, 3), (8, 8)).bound() == 34.0
    assert Layer(4, 9, (1, 1), (8, 8)).bound(0.1) == pytest.approx(4.0)
    # A map of 2 x 8 under a 3 x 3 kernel: sqrt(4 * 16) + sqrt(9 * 1 * 6).
    assert Layer(4, 9, (3, 3), (2, 8)).bound() == pytest.approx(8 + math.sqrt(54))


def test_a_basic_network_by_hand() -> None:
    network = ResidualNetwork((1, 1), (2, 4), stem_width=2)
    layers = chain(network, (1, 8, 8), 9)
    # Stem, two blocks of two convolutions, of which the third halves the map that it reads, classifier. The first
    # block has no shortcut convolution and the second one's has no part in the chain.
    assert layers == [
        Layer(1, 2, (3, 3), (8, 8)),
        Layer(2, 2, (3, 3), (8, 8)),
        Layer(2, 2, (3, 3), (8, 8)),
        Layer(2, 4, (3, 3), (8, 8)),
        Layer(4, 4, (3, 3), (4, 4)),
        Layer(4, 9),
    ]
    r = math.sqrt(2)
    by_hand = (8 + 6 * r) * (14 * r) ** 2 * (8 * r + 12) * (8 + 4) * (2 + 3)
    assert log_bound(layers) == pytest.approx(math.log(by_hand), rel=1e-12)


def test_groups_and_chunks_of_a_robust_res_block() -> None:
    block = Block("robust-res-block", scales=4, cardinality=2, base_width=80, squeeze_excitation="residual")
    network = ResidualNetwork((1, 1), (8, 8), (block, ROBUST_RES_BLOCK), stem_width=16)
    layers = chain(network, (3, 8, 8), 10)
    # Planes 8 at base width 80 and two groups: chunks of 8 channels, 32 in all, four a group.
    assert layers[:4] == [
        Layer(3, 16, (3, 3), (8, 8)),
        Layer(16, 32, (1, 1), (8, 8)),
        Layer(4, 4, (3, 3), (8, 8)),
        Layer(32, 32, (1, 1), (8, 8)),
    ]
    assert len(layers) == 1 + 3 + 3 + 1
    assert layers[-1] == Layer(32, 10)


def test_other_chains() -> None:
    assert chain(VGG(((2,), (3,))), (3, 8, 8), 5) == [
        Layer(3, 2, (3, 3), (8, 8)),
        Layer(2, 3, (3, 3), (4, 4)),
        Layer(3, 5),
    ]
    assert chain(ResNet("bottleneck", (1,), (2,)), (3, 8, 8), 5) == [
        Layer(3, 2, (3, 3), (8, 8)),
        Layer(2, 2, (1, 1), (8, 8)),
        Layer(2, 2, (3, 3), (8, 8)),
        Layer(2, 8, (1, 1), (8, 8)),
        Layer(8, 5),
    ]


def test_it_grows_with_depth_and_width_as_the_paper_says() -> None:
    def bounds(networks: list[ResidualNetwork]) -> list[float]:
        return [log_bound(chain(network, (3, 32, 32), 10)) for network in networks]

    for grown in (
        bounds([widened((5, 5, depth), (10, 10, 10)) for depth in (1, 3, 5, 7, 9)]),
        bounds([widened((5, 5, 5), (10, 10, width)) for width in (2, 4, 6, 8, 10)]),
    ):
        assert all(low < high for low, high in pairwise(grown))
        assert all(math.isfinite(value) for value in grown)


def test_what_is_no_chain_is_refused() -> None:
    with pytest.raises(InputError, match="chain of layers, not for kind 'nas-bench-201'"):
        chain(NASBench201Cell(("none",) * 6), (3, 8, 8), 10)


def test_no_random_number_is_drawn() -> None:
    before = torch.get_rng_state()
    chain(ResidualNetwork((1, 1), (2, 4), (Block(activation="two-slope"),)), (3, 8, 8), 10)
    assert torch.equal(torch.get_rng_state(), before)
