"""Provide the WideResNets of Huang et al. (NeurIPS 2021) on depth and width: WRN-34-R and the steps that led to it.

``d`` gives the blocks of the three stages (default 5-5-5), and ``w`` their widenings (default 10-10-10).
"""

from dataclasses import replace

from baselines.sources import (
    ROBUST_RESNETS_NAMES,
    ROBUST_WRN,
    ROBUST_WRN_NAMES,
    TRADES_NAMES,
    comparison,
    reconfiguration,
)
from baselines.wide_resnet import BASIC_BLOCK_SCALING, width_knob, wrn_34_r
from rnas.networks.residual import ResidualNetwork, widened
from rnas.networks.zoo import Baseline, Published, PublishedAccuracy

_BLOCKS = (5, 5, 5)
_WIDENINGS = (10, 10, 10)


def _baseline(name: str, network: ResidualNetwork, *published: Published, note: str = "") -> Baseline:
    return Baseline(
        name=name,
        family="robust-wrn",
        network=network,
        source=ROBUST_WRN,
        scaling=width_knob(network),
        weight_names=(ROBUST_WRN_NAMES, ROBUST_RESNETS_NAMES, TRADES_NAMES),
        published=published,
        robust_scaling=BASIC_BLOCK_SCALING,
        note=note,
    )


def _scaled(gamma: float, params: str, clean: float, pgd20: float) -> Published:
    """Return a row of Table 1, with widenings 10-10-4 times gamma."""
    source = f"{ROBUST_WRN}, Table 1, gamma {gamma:g}"
    return Published("cifar10", "SAT", source, PublishedAccuracy(clean), PublishedAccuracy(pgd20), params=params)


def _configuration(
    depths: tuple[int, ...] = _BLOCKS, widenings: tuple[int, ...] = _WIDENINGS, params: str = "", note: str = ""
) -> Baseline:
    parts = [f"d{'-'.join(map(str, depths))}"] if depths != _BLOCKS else []
    parts += [f"w{'-'.join(map(str, widenings))}"] if widenings != _WIDENINGS else []
    row = Published("cifar10", "SAT", f"{ROBUST_WRN}, section 4.2", params=params)
    return _baseline(f"wrn-34-{'-'.join(parts)}", widened(depths, widenings), *([row] if params else []), note=note)


_WRN_34_R = _baseline(
    "wrn-34-r",
    wrn_34_r(),
    *comparison(
        "68.1",
        "19.1",
        "85.80±0.08 57.35±0.09 54.77±0.10 53.23±0.07",
        "58.78±0.11 31.17±0.08 27.33±0.11 26.31±0.03",
    ),
    _scaled(2, "68.12", 88.12, 55.35),
    *reconfiguration("cifar10", "SAT", "68.12", "87.62 51.08 46.75", "87.85 55.35 50.03"),
    *reconfiguration("cifar10", "TRADES", "68.12", "86.77 55.15 50.90", "86.02 57.66 53.46"),
    *reconfiguration("cifar10", "MART", "68.12", "86.09 56.31 49.90", "83.69 59.13 52.48"),
    *reconfiguration("cifar10", "RST, 500K more images", "68.12", "90.73 66.46 61.49", "90.56 66.51 61.56"),
    *reconfiguration("cifar100", "SAT", "68.16", "61.17 25.03 22.72", "61.33 29.02 25.20"),
    *reconfiguration("cifar100", "TRADES", "68.16", "56.83 29.17 25.13", "56.75 29.92 25.23"),
    *reconfiguration("cifar100", "MART", "68.16", "61.72 29.94 25.60", "58.27 34.12 28.63"),
    note="widenings 20-20-8: 10-10-4 times 2",
)
_ONE_STAGE_NARROWER = tuple(
    _configuration(widenings=tuple(width if stage == narrow else 10 for stage in range(3)))
    for narrow in range(3)
    for width in (2, 4, 6, 8)
    if (narrow, width) != (2, 4)
)

BASELINES = (
    _WRN_34_R,
    _baseline("wrn-34-r-gamma-0.25", wrn_34_r(0.25), _scaled(0.25, "1.07", 80.61, 50.90)),
    _baseline("wrn-34-r-gamma-0.5", wrn_34_r(0.5), _scaled(0.5, "4.27", 84.31, 54.07)),
    _baseline("wrn-34-w10-10-4", wrn_34_r(1), _scaled(1, "17.05", 87.00, 54.99), note="gamma 1"),
    _baseline("wrn-34-r-gamma-1.5", wrn_34_r(1.5), _scaled(1.5, "38.33", 87.68, 55.33)),
    _configuration((9, 7, 1), params="22.19"),
    _configuration((7, 9, 3)),
    _configuration((5, 5, 1)),
    replace(_configuration((5, 5), (10, 10)), name="wrn-34-d5-5-0", note="the last stage is removed"),
    *_ONE_STAGE_NARROWER,
    _configuration(
        (5, 5, 1), (10, 10, 2), note="the paper says 70 % fewer parameters than WRN-34-10; it has 75 % fewer"
    ),
    _configuration(
        (7, 9, 3), (10, 10, 4), note="the paper says twice the FLOPs of WRN-34-10; it has 1.12 times as many"
    ),
)
