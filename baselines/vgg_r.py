"""Provide VGG-11 and VGG-11-R of the RobustWRN paper (Huang et al., NeurIPS 2021), and VGG-16."""

from functools import partial

from baselines.sources import FITS_PUBLIC_CODE, ROBUST_WRN, ROBUST_WRN_CODE, reconfiguration, robust_generalization
from rnas.networks.robust_scaling import RobustScaling
from rnas.networks.vgg import VGG
from rnas.networks.weight_names import WeightNames
from rnas.networks.zoo import Baseline, Knob


def vgg_11(last_stage: float, channels: int) -> VGG:
    """Return VGG-11 by the channels of its first stage, and the share of the usual channels in its last."""
    c = channels
    return VGG(((c,), (2 * c,), (4 * c, 4 * c), (8 * c, 8 * c), (8 * c, 8 * c))).with_last_stage(last_stage)


def vgg_16(channels: int) -> VGG:
    """Return VGG-16 by the channels of its first stage."""
    return VGG(tuple((channels * factor,) * depth for factor, depth in ((1, 2), (2, 2), (4, 3), (8, 3), (8, 3))))


def vgg(depths: tuple[int, ...], widths: tuple[int, ...]) -> VGG:
    """Return a VGG of three stages by their numbers of convolutions, with 16, 32 and 64 channels times the widths."""
    stages = zip((16, 32, 64), depths, widths, strict=True)
    return VGG(tuple((base * width,) * depth for base, depth, width in stages))


_ROBUST_SCALING = RobustScaling(vgg, "depth in convolutions, width in multiples of 16, 32 and 64 channels")


def _baseline(name: str, last_stage: float, params: str, last: str, best: str, note: str = "") -> Baseline:
    return Baseline(
        name=name,
        family="vgg",
        network=vgg_11(last_stage, 64),
        source=ROBUST_WRN,
        scaling=Knob(
            "channels of the first stage", "depth and proportions of the channels", partial(vgg_11, last_stage), 64
        ),
        weight_names=(WeightNames(ROBUST_WRN_CODE),),
        published=reconfiguration("cifar10", "SAT", params, last, best),
        robust_scaling=_ROBUST_SCALING,
        note=note,
    )


BASELINES = (
    _baseline("vgg-11", 1.0, "9.23", "79.24 42.62 37.21", "77.84 45.46 39.84"),
    _baseline(
        "vgg-11-r",
        0.4,
        "5.83",
        "79.63 43.93 38.44",
        "77.34 45.97 40.65",
        "the paper prints no channels; 205 in the last stage, 0.4 times 512, give the printed size, 204 and 206 do not",
    ),
    Baseline(
        name="vgg-16",
        family="vgg",
        network=vgg_16(64),
        source="Simonyan, Zisserman: Very Deep Convolutional Networks for Large-Scale Image Recognition, ICLR 2015",
        scaling=Knob("channels of the first stage", "depth and proportions of the channels", vgg_16, 64),
        weight_names=(),
        published=robust_generalization("14.72", "94.01 84.30 50.87 41.66 26.78 31.48 25.32", "81.22 75.85"),
        robust_scaling=_ROBUST_SCALING,
        note=FITS_PUBLIC_CODE,
    ),
)
