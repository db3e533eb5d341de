"""Provide the RobNets (Guo et al., CVPR 2020), found among random sub-networks of an adversarially trained supernet."""

from functools import partial
from typing import Literal

from baselines.sources import ROBNET, ROBNET_CODE, comparison, robnet_poster
from rnas.networks.robnet import CODES, RobNetwork
from rnas.networks.weight_names import WeightNames
from rnas.networks.zoo import Baseline, Knob, Published

_FAMILY = "robnet"
_NAMES = (WeightNames(ROBNET_CODE),)
_HUNDRED = "#P is counted with a classifier of 100 classes"
_STAND_IN = (
    "a stand-in: the authors' code was never released. It has the printed size, with convolutions on the direct "
    "edges first; which edges the real network has, and so its accuracy, is unknown. Printed for the real one: {} M, "
    "clean {}, PGD-20 {}"
)


def _network(code: str, layers: int, stem: Literal["cifar", "imagenet"], channels: int) -> RobNetwork:
    return RobNetwork(CODES[code], layers, channels, stem)


def _robnet(
    name: str, code: str, channels: int, layers: int = 20, published: tuple[Published, ...] = (), note: str = ""
) -> Baseline:
    network = partial(_network, code, layers, "cifar")
    return Baseline(
        name=name,
        family=_FAMILY,
        network=network(channels),
        source=ROBNET,
        scaling=Knob("channels of the first stage", f"{layers} cells", network, channels),
        weight_names=_NAMES,
        published=published,
        note=note,
    )


_IMAGENET = partial(_network, "large", 20, "imagenet")

BASELINES = (
    _robnet("robnet-large", "large", 36, published=(robnet_poster("cifar10", "6.89", 78.57, 49.44, _HUNDRED),)),
    _robnet(
        "robnet-large-v2",
        "large",
        64,
        layers=33,
        published=(
            *comparison(
                "33.3",
                "5.10",
                "84.57±0.16 52.79±0.08 48.94±0.13 47.48±0.04",
                "55.27±0.02 29.23±0.15 24.63±0.11 23.69±0.19",
                "#F is 5.1 with a zero added",
            ),
            robnet_poster("cifar10", "33.42", 85.69, 50.53, _HUNDRED),
        ),
    ),
    _robnet("robnet-free", "free", 36, published=(robnet_poster("cifar10", "5.49", 82.79, 52.74, _HUNDRED),)),
    Baseline(
        name="robnet-large-imagenet",
        family=_FAMILY,
        network=_IMAGENET(48),
        source=ROBNET,
        scaling=Knob("channels of the first stage", "20 cells", _IMAGENET, 48, step=2),
        weight_names=_NAMES,
        published=(robnet_poster("imagenet", "12.76", 61.26, 37.15),),
        input_shape=(3, 224, 224),
        num_classes=1000,
    ),
    _robnet("robnet-small-stand-in", "small-stand-in", 36, note=_STAND_IN.format("4.41", "78.05", "48.32")),
    _robnet("robnet-medium-stand-in", "medium-stand-in", 36, note=_STAND_IN.format("5.66", "78.33", "49.13")),
)
