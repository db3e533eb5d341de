"""Provide the RobustResNets (Huang et al.: Revisiting Residual Networks for Adversarial Robustness, CVPR 2023).

The file also has the networks of basic blocks that the paper scales in the same way, and by depth or width alone.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from baselines.sources import (
    README,
    ROBUST_RESNETS,
    ROBUST_RESNETS_NAMES,
    comparison,
    other_trainings,
    printed_size,
)
from baselines.wide_resnet import ARCHITECTURES as WIDE_RESNETS
from baselines.wide_resnet import BASIC_BLOCK_SCALING, COMPOUND_SCALINGS, width_knob
from rnas.networks.block import ACTIVATED, Block
from rnas.networks.blocks.robust_res_block import ROBUST_RES_BLOCK
from rnas.networks.residual import ResidualNetwork, widened
from rnas.networks.robust_scaling import RobustScaling
from rnas.networks.zoo import Baseline, Published, PublishedAccuracy, Scaling

ARCHITECTURES = {
    f"robust-resnet-{name}": widened(*scaling, ROBUST_RES_BLOCK) for name, scaling in COMPOUND_SCALINGS.items()
}
"""RobustResNet-A1 to A4 by name."""

_AS_RELEASED = (
    "as released: the first convolution of a block reads the raw input, which leaves the first normalisation of blocks "
    "with an identity shortcut without effect. The paper draws it after the activation: {}-paper-text. The released "
    "configuration files leave out scales, base width, cardinality and reduction; with the code's defaults they "
    "describe a network 7.5 times as large"
)
_PAPER_TEXT = "as in the paper's text: the first convolution of a block reads the activated input; never released"
_MISPRINT = "#P and #F are misprints: no setting near this one has these values"

_PUBLISHED = {
    "a1": comparison(
        "19.2",
        "5.11",
        "85.46 58.74 55.72 54.42",
        "59.34 32.70 27.76 26.75",
        "the released code's README prints 58.47 for PGD-20 on CIFAR-10",
    )
    + other_trainings("57.62 56.06", "59.34 54.42"),
    "a2": comparison("39.0", "10.8", "85.80 59.72 56.74 55.49", "59.38 33.0 28.71 27.68")
    + other_trainings("58.39 56.99", "60.33 55.51"),
    "a3": comparison("75.9", "19.9", "86.79 60.10 57.29 55.84", "60.16 33.59 29.58 28.48")
    + other_trainings("58.81 57.60", "60.95 56.52"),
    "a4": comparison("147", "39.4", "87.10 60.26 57.9 56.29", "61.66 34.25 30.04 29.00")
    + other_trainings("59.01 57.85", "61.88 57.55"),
}
_PRINTED_WRN = {
    "a1": printed_size("17.7", "5.09", 2, "57.49 54.78", _MISPRINT),
    "a2": printed_size("39.3", "9.74", 2, "58.06 55.45", _MISPRINT),
    "a3": printed_size("74.8", "20.3", 2, "58.47 56.14", _MISPRINT),
    "a4": printed_size("147", "40.4", 2, "58.76 56.59"),
}

_ADVANCED = "AAT, 500K more images"
_SILU = (
    "the network of the paper's advanced training: {} with SiLU{}. Its weights have the names and shapes of those of "
    "{}, so that a file does not show which of the two it is for"
)

_TEXT_BLOCK = replace(ROBUST_RES_BLOCK, first_input=ACTIVATED)
_SILU_BLOCK = replace(ROBUST_RES_BLOCK, activation="silu")
_SCALING = RobustScaling(partial(widened, block=ROBUST_RES_BLOCK))
_SILU_SCALING = RobustScaling(partial(widened, block=_SILU_BLOCK))
_TEXT_SCALING = RobustScaling(partial(widened, block=_TEXT_BLOCK))


def _baseline(
    name: str, network: ResidualNetwork, scaling: Scaling, published: tuple[Published, ...] = (), note: str = ""
) -> Baseline:
    return Baseline(
        name=name,
        family="robust-resnet",
        network=network,
        source=ROBUST_RESNETS,
        scaling=scaling,
        weight_names=(ROBUST_RESNETS_NAMES,),
        published=published,
        note=note,
    )


def _one_way(
    name: str,
    depths: tuple[int, int, int],
    widenings: tuple[int, int, int],
    published: tuple[Published, ...] = (),
    note: str = "",
) -> Baseline:
    """Return a network scaled by depth or by width alone."""
    network = widened(depths, widenings)
    baseline = _baseline(name, network, width_knob(network), published, note)
    return replace(baseline, robust_scaling=BASIC_BLOCK_SCALING)


def _normalizing(depths: Sequence[int], widenings: Sequence[float]) -> ResidualNetwork:
    """Return a network of basic blocks of SiLU that normalises its images."""
    return replace(widened(depths, widenings, Block(activation="silu")), normalize_input=True)


def _advanced(size: str, published: tuple[Published, ...] = ()) -> Baseline:
    name = f"robust-resnet-{size}"
    network = widened(*COMPOUND_SCALINGS[size], _SILU_BLOCK)
    return _baseline(f"{name}-advanced", network, _SILU_SCALING, published, _SILU.format(name, "", name))


_ADVANCED_NETWORKS = (
    _advanced(
        "a1",
        (
            Published(
                "cifar10", _ADVANCED, f"{README}, Table 3", None, None, None, PublishedAccuracy(63.70), "19.2", "5.11"
            ),
        ),
    ),
    *map(_advanced, ("a2", "a3", "a4")),
    _baseline(
        "wrn-a4-advanced",
        _normalizing(*COMPOUND_SCALINGS["a4"]),
        RobustScaling(_normalizing),
        (
            Published(
                "cifar10",
                _ADVANCED,
                "RobustBench, Huang2022Revisiting_WRN-A4",
                clean=PublishedAccuracy(91.58),
                autoattack=PublishedAccuracy(65.79),
            ),
        ),
        _SILU.format("wrn-a4", " and normalisation of its images", "wrn-a4"),
    ),
)

_COMPOUND = tuple(
    baseline
    for size, (depths, widenings) in COMPOUND_SCALINGS.items()
    for name in [f"robust-resnet-{size}"]
    for baseline in (
        _baseline(name, ARCHITECTURES[name], _SCALING, _PUBLISHED[size], _AS_RELEASED.format(name)),
        replace(
            _baseline(f"{name}-paper-text", widened(depths, widenings, _TEXT_BLOCK), _TEXT_SCALING, (), _PAPER_TEXT),
            weight_names=(),
        ),
        _baseline(f"wrn-{size}", WIDE_RESNETS[f"wrn-{size}"], BASIC_BLOCK_SCALING, _PRINTED_WRN[size]),
    )
)

BASELINES = (
    *_COMPOUND,
    *_ADVANCED_NETWORKS,
    _one_way("wrn-5g-depth", (5, 5, 2), (10, 10, 10), printed_size("24.0", "5.25", 2, "56.05 53.14")),
    _one_way("wrn-10g-depth", (6, 6, 3), (12, 12, 12), printed_size("48.5", "9.59", 2, "56.42 53.91")),
    _one_way("wrn-20g-depth", (9, 8, 4), (14, 14, 14), printed_size("90.4", "18.6", 2, "57.11 54.48")),
    _one_way(
        "wrn-40g-depth",
        (14, 13, 6),
        (16, 16, 16),
        printed_size(
            "185",
            "38.8",
            2,
            "57.90 55.79",
            "the depth of stage 3 is printed as 11, which has neither this #P nor this #F",
        ),
    ),
    _one_way(
        "wrn-40g-depth-as-printed",
        (14, 13, 11),
        (16, 16, 16),
        note="depths as the README prints them; the size it prints is that of 14-13-6",
    ),
    _one_way("wrn-5g-width", (4, 4, 4), (11, 13, 6), printed_size("24.5", "5.71", 2, "56.89 53.87")),
    _one_way("wrn-10g-width", (5, 5, 5), (13, 16, 7), printed_size("44.4", "10.5", 2, "57.06 54.29")),
    _one_way("wrn-20g-width", (7, 7, 7), (16, 18, 8), printed_size("81.7", "20.4", 2, "58.02 55.34")),
    _one_way("wrn-40g-width", (11, 11, 11), (18, 21, 9), printed_size("170", "42.7", 2, "58.48 56.15")),
)
