"""The published networks that are not pre-activation residual nets: exact counts, and logits of the original code.

The logits were made with the released implementations after every tensor of the state dict had been filled by a
formula of its name, so that they prove the names as well as the forward pass.
"""

import json
from pathlib import Path

import pytest
import torch

from rnas.networks.architecture import Architecture
from rnas.networks.cost import Cost
from rnas.networks.darts_cells import DartsCellNetwork, doubling_network, repeated_cells
from rnas.networks.densenet import DenseNet
from rnas.networks.genotypes import GENOTYPES
from rnas.networks.modules.measured_cost import measured_cost
from rnas.networks.resnet import ResNet
from rnas.networks.robnet import CODES, RobNetwork
from rnas.networks.vgg import VGG
from tests.rnas.networks.named_weights import fill_by_name, named_noise

GOLDEN = json.loads(Path(__file__).with_name("golden_cells.json").read_text())
SLOW = {"advrush-7@96", "robnet-large-v2"}


NETWORKS: dict[str, Architecture] = {
    "vgg-11": VGG(),
    "vgg-11-r": VGG(((64,), (128,), (256, 256), (512, 512), (205, 205))),
    "densenet-121": DenseNet(),
    "densenet-121-r": DenseNet(channels=(64, 128, 256, 205)),
    "resnet-18": ResNet(),
    "resnet-50": ResNet("bottleneck", (3, 4, 6, 3)),
    "darts": DartsCellNetwork(layers=11, channels=(72, 144, 288), stem_channels=108),
    "darts-r": DartsCellNetwork(layers=11, channels=(72, 144, 116), stem_channels=108),
    "advrush-7@96": repeated_cells(GENOTYPES["advrush"], 7, 96),
    "racl-7@104": repeated_cells(GENOTYPES["racl"], 7, 104),
    "advrush-36-20": doubling_network(GENOTYPES["advrush"], 20, 36),
    "racl-36-20": doubling_network(GENOTYPES["racl"], 20, 36),
    "darts-v1-36-20": doubling_network(GENOTYPES["darts-v1"], 20, 36),
    "darts-v2-36-20": doubling_network(GENOTYPES["darts-v2"], 20, 36),
    "pdarts-36-20": doubling_network(GENOTYPES["pdarts"], 20, 36),
    "nasnet-36-20": doubling_network(GENOTYPES["nasnet"], 20, 36),
    "amoebanet-36-20": doubling_network(GENOTYPES["amoebanet"], 20, 36),
    "darts-v2-8-5": doubling_network(GENOTYPES["darts-v2"], 5, 8),
    "advrush-8-5": doubling_network(GENOTYPES["advrush"], 5, 8),
    "racl-8-5": doubling_network(GENOTYPES["racl"], 5, 8),
    "pdarts-8-5": doubling_network(GENOTYPES["pdarts"], 5, 8),
    "robnet-large": RobNetwork(CODES["large"]),
    "robnet-large-v2": RobNetwork(CODES["large"], 33, 64),
    "robnet-free": RobNetwork(CODES["free"]),
    "robnet-large-8-5": RobNetwork(CODES["large"], 5, 8),
    "robnet-free-8-20": RobNetwork(CODES["free"], 20, 8),
}

# Name, classes, params and multiply-accumulates of the released code at 3x32x32.
COUNTS = [
    ("vgg-11", 10, 9_231_114, 152_769_536),
    ("vgg-11-r", 10, 5_830_475, 139_183_558),
    ("densenet-121", 10, 6_956_298, 888_350_720),
    ("densenet-121-r", 10, 5_999_686, 858_168_322),
    ("resnet-18", 10, 11_173_962, 555_422_720),
    ("resnet-50", 10, 23_520_842, 1_297_829_888),
    ("darts", 10, 6_579_118, 1_057_879_296),
    ("darts-r", 10, 2_526_970, 761_834_272),
    ("advrush-7@96", 10, 32_575_018, 4_948_466_688),
    ("advrush-7@96", 100, 32_713_348, 4_948_604_928),
    ("racl-7@104", 10, 32_509_682, 4_910_813_440),
    ("racl-7@104", 100, 32_659_532, 4_910_963_200),
    ("advrush-36-20", 10, 4_158_046, 645_337_728),
    ("racl-36-20", 10, 3_571_174, 549_979_776),
    ("darts-v1-36-20", 10, 3_169_414, 500_987_520),
    ("darts-v2-36-20", 10, 3_349_342, 528_359_040),
    ("pdarts-36-20", 10, 3_433_798, 532_174_464),
    ("nasnet-36-20", 10, 3_830_950, 603_452_448),
    ("amoebanet-36-20", 10, 3_145_078, 488_931_552),
    ("robnet-large", 10, 6_842_710, 1_030_336_128),
    ("robnet-large", 100, 6_894_640, 1_030_387_968),
    ("robnet-large-v2", 10, 33_326_666, 5_094_615_040),
    ("robnet-large-v2", 100, 33_418_916, 5_094_707_200),
    ("robnet-free", 10, 5_439_790, 780_177_024),
    ("robnet-free", 100, 5_491_720, 780_228_864),
]


@pytest.mark.parametrize(("name", "classes", "params", "flops"), COUNTS)
def test_published_counts(name: str, classes: int, params: int, flops: int) -> None:
    assert NETWORKS[name].cost((3, 32, 32), classes) == Cost(params, flops)


def test_robnet_large_on_imagenet() -> None:
    network = RobNetwork(CODES["large"], channels=48, stem="imagenet")
    expected = Cost(12_756_448, 1_412_137_344)
    assert network.cost((3, 224, 224), 1000) == expected
    with torch.device("meta"):
        module = network.build(1000, (3, 224, 224))
    assert measured_cost(module, (3, 224, 224)) == expected


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] if n in SLOW else []) for n in GOLDEN])
def test_logits_of_the_released_code(name: str) -> None:
    module = NETWORKS[name].build(10, (3, 32, 32)).double().eval()
    fill_by_name(module, GOLDEN[name]["gain"])
    with torch.no_grad():
        logits = module((named_noise("input", (2, 3, 32, 32)) + 1) / 2)
    expected = torch.tensor(GOLDEN[name]["logits"], dtype=torch.float64)
    torch.testing.assert_close(logits, expected, rtol=1e-7, atol=1e-7)
