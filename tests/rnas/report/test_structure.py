import pytest

from rnas.networks.nas_bench_201 import NASBench201Cell
from rnas.networks.zoo import baselines, find
from rnas.report._structure import structure


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("vgg-11-r", "vgg: stages 64 128 256-256 512-512 205-205"),
        ("densenet-121", "densenet: depths 6-12-24-16, channels 64-128-256-512, growth 32"),
        (
            "resnet-50",
            "resnet: block bottleneck, depths 3-4-6-3, channels 64-128-256-512, expansion 4, groups 1, "
            "stem channels None, stem kernel 3, attention heads 0, shortcut bias False",
        ),
        (
            "advrush-7@96",
            "darts-cells: normal (nodes sep_conv_3x3-1 sep_conv_3x3-0 | sep_conv_5x5-0 sep_conv_3x3-1 | "
            "sep_conv_3x3-1 sep_conv_3x3-0 | skip_connect-0 sep_conv_3x3-1, concat 2-3-4-5), "
            "reduction (nodes sep_conv_3x3-0 sep_conv_3x3-1 | skip_connect-0 dil_conv_3x3-2 | "
            "skip_connect-0 avg_pool_3x3-1 | skip_connect-0 skip_connect-2, concat 2-3-4-5), "
            "layers 23, channels 96-192-384, stem channels 288",
        ),
        ("robnet-large", "robnet: codes 1111111111011101101101010111, layers 20, channels 36, stem cifar"),
        ("wrn-28-10", "D 4-4-4, channels 160-320-640, basic, ReLU"),
    ],
)
def test_structures(name: str, text: str) -> None:
    assert structure(find(name).network) == text


def test_different_networks_differ_in_words() -> None:
    networks = {baseline.network for baseline in baselines().values()}
    assert len({structure(network) for network in networks}) == len(networks) > 80


def test_networks_beyond_the_zoo() -> None:
    cell = NASBench201Cell(("none", "skip_connect", "nor_conv_3x3", "nor_conv_1x1", "avg_pool_3x3", "none"))
    text = structure(cell)
    assert text.startswith("nas-bench-201: operations none skip_connect nor_conv_3x3 nor_conv_1x1 avg_pool_3x3 none")
