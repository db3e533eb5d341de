"""Provide the WideResNets with which papers on adversarial robustness compare.

WRN-28-10 to WRN-70-16 follow Zagoruyko, Komodakis (BMVC 2016); WRN-34-R is from "Exploring Architectural Ingredients of
Adversarially Robust Deep Neural Networks" (Huang et al., NeurIPS 2021); WRN-A1 to A4 have the depths and widenings of
the RobustResNets (Huang, Lu, Deb, Boddeti, CVPR 2023) and the basic block.
"""

from functools import partial

from baselines.sources import (
    ROBUST_RESNETS_NAMES,
    ROBUST_WRN_NAMES,
    TRADES_NAMES,
    block_comparison,
    comparison,
    other_trainings,
    reconfiguration,
    robnet_poster,
)
from rnas.errors import InputError
from rnas.networks.block import Block
from rnas.networks.residual import BASIC, ResidualNetwork, widened
from rnas.networks.robust_scaling import RobustScaling
from rnas.networks.zoo import Baseline, Knob, Published

COMPOUND_SCALINGS = {
    "a1": ((14, 14, 7), (5, 7, 3)),
    "a2": ((17, 17, 8), (7, 9, 4)),
    "a3": ((22, 22, 11), (8, 11, 5)),
    "a4": ((27, 28, 13), (10, 14, 6)),
}
"""Depths and widenings of RobustScaling at about 5, 10, 20 and 40 GFLOPs."""


def wide_resnet(depth: int, widening: int) -> ResidualNetwork:
    """Return WRN-``depth``-``widening``. Raise InputError unless the depth is 6 n + 4, for n blocks in each stage."""
    blocks, rest = divmod(depth - 4, 6)
    if rest != 0 or blocks < 1:
        raise InputError(f"there is no WideResNet of depth {depth}; write 6 n + 4, such as 28 or 34")
    return widened((blocks,) * 3, (widening,) * 3)


def wrn_34_r(scale: float = 2.0) -> ResidualNetwork:
    """Return WRN-34 with widenings 10, 10 and 4 times ``scale``; the published WRN-34-R has scale 2."""
    return widened((5, 5, 5), tuple(scale * widening for widening in (10, 10, 4)))


ARCHITECTURES = {
    "wrn-28-10": wide_resnet(28, 10),
    "wrn-34-10": wide_resnet(34, 10),
    "wrn-34-12": wide_resnet(34, 12),
    "wrn-46-14": wide_resnet(46, 14),
    "wrn-70-16": wide_resnet(70, 16),
    "wrn-34-r": wrn_34_r(),
    **{f"wrn-{name}": widened(*scaling) for name, scaling in COMPOUND_SCALINGS.items()},
}
"""The published networks by name."""


def widths_in_proportion(
    depths: tuple[int, ...], channels: tuple[int, ...], block: Block, first: int
) -> ResidualNetwork:
    """Return the network whose first stage has ``first`` planes, and the others in proportion to ``channels``."""
    planes = tuple(max(1, round(first * value / channels[0])) for value in channels)
    return ResidualNetwork(depths, planes, (block,))


def width_knob(network: ResidualNetwork) -> Knob:
    """Return a knob for width at the published depth: the widening alone would be off by a fifth at small budgets."""
    scaled = partial(widths_in_proportion, network.depths, network.channels, network.blocks[0])
    return Knob("planes of the first stage", "depth and proportions of the planes", scaled, network.channels[0])


BASIC_BLOCK_SCALING = RobustScaling(partial(widened, block=BASIC))
"""RobustScaling of networks of basic blocks."""


def _wide_resnet(name: str, *published: Published) -> Baseline:
    network = ARCHITECTURES[name]
    return Baseline(
        name=name,
        family="wide-resnet",
        network=network,
        source="Zagoruyko, Komodakis: Wide Residual Networks, BMVC 2016",
        scaling=width_knob(network),
        weight_names=(ROBUST_RESNETS_NAMES, ROBUST_WRN_NAMES, TRADES_NAMES),
        published=published,
        robust_scaling=BASIC_BLOCK_SCALING,
    )


BASELINES = (
    _wide_resnet(
        "wrn-28-10",
        *comparison(
            "36.5",
            "5.20",
            "84.62±0.06 55.90±0.21 53.15±0.33 51.66±0.29",
            "56.30±0.28 29.91±0.40 26.22±0.23 25.26±0.06",
            "#F is 5.24 or 5.25 by every way of counting",
        ),
        robnet_poster("cifar10", "36.48", 86.43, 47.10),
        *other_trainings("52.44 50.97", "57.69 52.88"),
    ),
    _wide_resnet("wrn-34-10"),
    _wide_resnet(
        "wrn-34-12",
        *comparison(
            "66.5",
            "9.60",
            "84.93±0.24 56.01±0.28 53.53±0.15 51.97±0.09",
            "56.08±0.41 29.87±0.23 26.51±0.11 25.47±0.10",
            "#F is 9.6 with a zero added",
        ),
        *reconfiguration("cifar10", "SAT", "66.46", "86.71 49.92 46.06", "87.20 53.09 49.18"),
        *reconfiguration("cifar10", "TRADES", "66.46", "85.84 53.02 48.48", "84.59 56.01 51.83"),
        *reconfiguration("cifar10", "MART", "66.46", "85.98 54.30 47.68", "82.62 57.95 51.21"),
        *reconfiguration("cifar10", "RST, 500K more images", "66.46", "90.52 65.52 60.90", "90.36 65.56 60.96"),
        *reconfiguration("cifar100", "SAT", "66.53", "59.63 24.50 22.27", "60.64 27.61 24.42"),
        *reconfiguration("cifar100", "TRADES", "66.53", "55.62 27.52 24.58", "56.47 29.48 24.85"),
        *reconfiguration("cifar100", "MART", "66.53", "58.51 26.50 23.33", "57.29 32.43 26.92"),
        *other_trainings("52.85 51.36", "57.40 53.11"),
    ),
    _wide_resnet(
        "wrn-46-14",
        *comparison(
            "128",
            "18.6",
            "85.22±0.15 56.37±0.18 54.19±0.11 52.63±0.18",
            "56.78±0.47 30.03±0.07 27.27±0.05 26.28±0.03",
        ),
        *other_trainings("53.67 52.95", "58.43 54.32"),
    ),
    _wide_resnet(
        "wrn-70-16",
        *comparison(
            "267",
            "38.8",
            "85.51±0.24 56.78±0.16 54.52±0.16 52.80±0.14",
            "56.93±0.61 29.76±0.17 27.20±0.16 26.12±0.24",
        ),
        *block_comparison("267", "38.8", "85.51±0.19 56.78±0.13 54.52±0.13", "56.93±0.49 29.76±0.14 27.24±0.15"),
        *other_trainings("54.12 50.52", "58.15 54.37"),
    ),
)
