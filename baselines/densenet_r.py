"""Provide DenseNet-121 and DN-121-R of the RobustWRN paper (Huang et al., NeurIPS 2021), and a small DenseNet."""

from functools import partial

from baselines.sources import (
    FITS_SIZE_ALONE,
    ROBUST_WRN,
    ROBUST_WRN_CODE,
    reconfiguration,
    robnet_poster,
    robust_generalization,
)
from rnas.networks.densenet import DenseNet
from rnas.networks.robust_scaling import RobustScaling
from rnas.networks.weight_names import WeightNames
from rnas.networks.zoo import Baseline, Knob, Published


def densenet_121(last_stage: float, growth: int) -> DenseNet:
    """Return DenseNet-121 with this growth, whose last stage starts with this share of the usual channels."""
    channels = (2 * growth, 4 * growth, 8 * growth, 16 * growth)
    return DenseNet((6, 12, 24, 16), channels, growth).with_last_stage(last_stage)


def densenet_of_16(growth: int) -> DenseNet:
    """Return a DenseNet of four stages of 16 layers, whose transitions halve the channels, by its growth."""
    channels = [2 * growth]
    for _ in range(3):
        channels.append((channels[-1] + 16 * growth) // 2)
    return DenseNet((16,) * 4, tuple(channels), growth)


def densenet(depths: tuple[int, ...], widths: tuple[int, ...]) -> DenseNet:
    """Return a DenseNet of three stages that start with 16, 32 and 64 channels times the widths.

    Its growth is half of the first stage's channels, as in DenseNet-121.
    """
    channels = tuple(base * width for base, width in zip((16, 32, 64), widths, strict=True))
    return DenseNet(depths, channels, channels[0] // 2)


_ROBUST_SCALING = RobustScaling(densenet, "depth in dense layers, width in multiples of 16, 32 and 64 channels")


def _baseline(name: str, last_stage: float, published: tuple[Published, ...], note: str = "") -> Baseline:
    return Baseline(
        name=name,
        family="densenet",
        network=densenet_121(last_stage, 32),
        source=ROBUST_WRN,
        scaling=Knob("growth", "depth and channels in multiples of the growth", partial(densenet_121, last_stage), 32),
        weight_names=(WeightNames(ROBUST_WRN_CODE),),
        published=published,
        robust_scaling=_ROBUST_SCALING,
        note=note,
    )


BASELINES = (
    _baseline(
        "densenet-121",
        1.0,
        (
            *reconfiguration("cifar10", "SAT", "6.96", "86.87 51.67 47.16", "86.07 54.79 50.34"),
            robnet_poster("cifar10", "6.95", 82.72, 47.93, "#P is cut, not rounded"),
        ),
    ),
    _baseline(
        "densenet-121-r",
        0.4,
        reconfiguration(
            "cifar10",
            "SAT",
            "6.00",
            "87.22 52.52 47.75",
            "86.01 55.16 50.54",
            "CW and AutoAttack of this row have the same digits as those of DARTS-R: one of the two rows is a misprint",
        ),
        "the paper prints no channels; 205 at the start of the last stage, 0.4 times 512, give the printed size, as "
        "do 204 and 206",
    ),
    Baseline(
        name="densenet-16-16-16-16",
        family="densenet",
        network=densenet_of_16(12),
        source="Huang, Liu, van der Maaten, Weinberger: Densely Connected Convolutional Networks, CVPR 2017",
        scaling=Knob("growth", "depth; transitions halve the channels", densenet_of_16, 12),
        weight_names=(),
        published=robust_generalization("1.12", "94.42 83.23 53.06 44.02 22.55 21.87 19.48", "79.73 74.60"),
        robust_scaling=_ROBUST_SCALING,
        note=FITS_SIZE_ALONE,
    ),
)
