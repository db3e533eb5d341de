"""Provide ResNet-18 and ResNet-50 (He et al., CVPR 2016) as the RobNet paper trains them for comparison."""

from functools import partial
from typing import Literal

from baselines.sources import ROBUST_WRN_CODE, robnet_poster, robust_generalization
from rnas.networks.resnet import ResNet
from rnas.networks.robust_scaling import RobustScaling
from rnas.networks.weight_names import WeightNames
from rnas.networks.zoo import Baseline, Knob, Published


def _network(block: Literal["basic", "bottleneck"], depths: tuple[int, ...], channels: int) -> ResNet:
    return ResNet(block, depths, (channels, 2 * channels, 4 * channels, 8 * channels))


def resnet(block: Literal["basic", "bottleneck"], depths: tuple[int, ...], widths: tuple[int, ...]) -> ResNet:
    """Return a ResNet of three stages with 16, 32 and 64 channels times the widths."""
    return ResNet(block, depths, tuple(base * width for base, width in zip((16, 32, 64), widths, strict=True)))


def _baseline(
    name: str, block: Literal["basic", "bottleneck"], depths: tuple[int, ...], *published: Published
) -> Baseline:
    network = partial(_network, block, depths)
    return Baseline(
        name=name,
        family="resnet",
        network=network(64),
        source="He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition, CVPR 2016",
        scaling=Knob("channels of the first stage", "depth and proportions of the channels", network, 64),
        weight_names=(WeightNames(ROBUST_WRN_CODE),),
        published=published,
        robust_scaling=RobustScaling(partial(resnet, block)),
    )


BASELINES = (
    _baseline("resnet-18", "basic", (2, 2, 2, 2), robnet_poster("cifar10", "11.17", 78.38, 45.60)),
    _baseline(
        "resnet-50",
        "bottleneck",
        (3, 4, 6, 3),
        robnet_poster("cifar10", "23.52", 79.15, 45.84),
        *robust_generalization("23.52", "95.60 87.92 54.18 45.40 17.52 15.90 14.32", "81.20 79.24"),
    ),
)
