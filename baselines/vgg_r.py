"""Provide VGG-11 and VGG-11-R of the RobustWRN paper (Huang et al., NeurIPS 2021)."""

from functools import partial

from baselines.sources import ROBUST_WRN, ROBUST_WRN_CODE, reconfiguration
from rnas.networks.robust_scaling import RobustScaling
from rnas.networks.vgg import VGG
from rnas.networks.weight_names import WeightNames
from rnas.networks.zoo import Baseline, Knob


def vgg_11(last_stage: float, channels: int) -> VGG:
    """Return VGG-11 by the channels of its first stage, and the share of the usual channels in its last."""
    c = channels
    return VGG(((c,), (2 * c,), (4 * c, 4 * c), (8 * c, 8 * c), (8 * c, 8 * c))).with_last_stage(last_stage)


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
)
