"""Provide DARTS and DARTS-R of the RobustWRN paper, and the cells of other searches on the same skeleton."""

from functools import partial

from baselines.sources import ADVRUSH_CODE, ROBUST_WRN, ROBUST_WRN_CODE, reconfiguration
from rnas.networks.darts_cells import DartsCellNetwork, repeated_cells
from rnas.networks.genotypes import GENOTYPES
from rnas.networks.weight_names import WeightNames
from rnas.networks.zoo import Baseline, Knob

_FAMILY = "darts"
_DERIVED = (
    "the paper prints no channels; these are the only ones with even numbers that give both printed sizes, "
    "with the second-order DARTS cell and 11 cells"
)
_COPIED = "CW and AutoAttack of this row have the same digits as those of DN-121-R: one of the two rows is a misprint"


def reconfigured_darts(last_stage: float, channels: int) -> DartsCellNetwork:
    """Return the paper's network of 11 second-order DARTS cells.

    Args:
        last_stage: share of the usual channels in the last stage, which is rounded to the nearest even number.
        channels: channels of the first stage.
    """
    stages = (channels, 2 * channels, 4 * channels)
    return DartsCellNetwork(layers=11, channels=stages, stem_channels=3 * channels // 2).with_last_stage(last_stage)


def _baseline(name: str, last_stage: float, params: str, last: str, best: str, note: str = "") -> Baseline:
    return Baseline(
        name=name,
        family=_FAMILY,
        network=reconfigured_darts(last_stage, 72),
        source=ROBUST_WRN,
        scaling=Knob(
            "channels of the first stage",
            "depth and proportions of the channels",
            partial(reconfigured_darts, last_stage),
            72,
        ),
        weight_names=(WeightNames(ROBUST_WRN_CODE, training_only=("auxiliary_head.",)),),
        published=reconfiguration("cifar10", "SAT", params, last, best, note),
        note=_DERIVED,
    )


def _cells(name: str, source: str) -> Baseline:
    return Baseline(
        name=name,
        family=_FAMILY,
        network=repeated_cells(GENOTYPES[name], 6, 36),
        source=source,
        scaling=Knob("C of N@C", "N = 6", partial(repeated_cells, GENOTYPES[name], 6), 36),
        weight_names=(WeightNames(ADVRUSH_CODE, training_only=("auxiliary_head.",)),),
        note="20 cells, 36 channels",
    )


BASELINES = (
    _baseline("darts", 1.0, "6.58", "86.76 49.44 45.16", "86.55 54.23 49.98"),
    _baseline("darts-r", 0.4, "2.53", "87.20 52.36 47.75", "85.79 55.01 50.54", _COPIED),
    _cells("darts-v1", "Liu, Simonyan, Yang: DARTS: Differentiable Architecture Search, ICLR 2019"),
    _cells("darts-v2", "Liu, Simonyan, Yang: DARTS: Differentiable Architecture Search, ICLR 2019"),
    _cells("pdarts", "Chen, Xie, Wu, Tian: Progressive Differentiable Architecture Search, ICCV 2019"),
    _cells("nasnet", "Zoph, Vasudevan, Shlens, Le: Learning Transferable Architectures, CVPR 2018"),
    _cells("amoebanet", "Real, Aggarwal, Huang, Le: Regularized Evolution for Image Classifier Search, AAAI 2019"),
)
