"""Provide networks of equal stages on which the RobustResNets paper compares blocks (Huang et al., CVPR 2023).

``dD-wW`` has D blocks in each of three stages, with 16 W, 32 W and 64 W planes.
"""

from baselines.sources import (
    ROBUST_RESNETS,
    ROBUST_RESNETS_NAMES,
    accuracies,
    block_comparison,
    printed_size,
)
from baselines.wide_resnet import width_knob
from rnas.networks.block import Block
from rnas.networks.blocks.robust_res_block import ROBUST_RES_BLOCK
from rnas.networks.residual import widened
from rnas.networks.zoo import Baseline, Published

_NO_CODE = "the paper's code has no such block; this one has the printed size"


def _uniform(
    name: str, block: Block, published: tuple[Published, ...], note: str = "", depth: int = 11, width: int = 16
) -> Baseline:
    network = widened((depth,) * 3, (width,) * 3, block)
    return Baseline(
        name=f"{name}-d{depth}-w{width}",
        family="robust-res-block",
        network=network,
        source=ROBUST_RESNETS,
        scaling=width_knob(network),
        weight_names=() if note.startswith(_NO_CODE) else (ROBUST_RESNETS_NAMES,),
        published=published,
        note=note,
    )


def _gate(name: str, placement: str, reduction: int, params: str, cifar10: str, note: str = _NO_CODE) -> Baseline:
    """Return a bottleneck with squeeze-and-excitation; the accuracies are clean and CW-40."""
    clean, cw40 = accuracies(cifar10)
    source = f"{ROBUST_RESNETS}, Figure 5(d)"
    row = Published("cifar10", "TRADES", source, clean=clean, cw40=cw40, params=params, flops="39.1")
    block = Block(topology="bottleneck", squeeze_excitation=placement, reduction=reduction)
    return _uniform(name, block, (row,), note)


BASELINES = (
    _uniform("robust-res-block", ROBUST_RES_BLOCK, printed_size("39.6", "6.00", 1, "57.70 54.71"), depth=4, width=10),
    _uniform("robust-res-block", ROBUST_RES_BLOCK, printed_size("70.5", "10.6", 1, "58.46 55.56"), depth=5, width=12),
    _uniform("robust-res-block", ROBUST_RES_BLOCK, printed_size("133", "19.6", 1, "59.41 56.62"), depth=7, width=14),
    _uniform(
        "robust-res-block",
        ROBUST_RES_BLOCK,
        block_comparison("270", "39.3", "86.55±0.10 60.48±0.00 57.78±0.09", "60.22±0.57 33.88±0.03 29.91±0.15"),
    ),
    _uniform(
        "bottleneck",
        Block(topology="bottleneck"),
        block_comparison("265", "39.0", "85.47±0.21 57.49±0.21 55.07±0.10", "59.24±0.36 32.08±0.26 28.61±0.17"),
        _NO_CODE,
    ),
    _uniform(
        "bottleneck-aggregated",
        Block(topology="robust-res-block", cardinality=4, base_width=60),
        block_comparison(
            "265",
            "39.4",
            "85.47±0.10 57.50±0.28 55.53±0.26",
            "59.27±0.34 31.63±0.36 28.80±0.18",
            "#F prints as 39.3 by every way of counting",
        ),
        f"{_NO_CODE}; no other whole base width does",
    ),
    _uniform(
        "bottleneck-aggregated-hierarchical",
        Block(topology="robust-res-block", scales=8, cardinality=4, base_width=10),
        block_comparison(
            "262",
            "39.3",
            "86.29±0.07 59.48±0.12 56.94±0.27",
            "59.32±0.13 33.46±0.22 29.65±0.14",
            "the table's rows add up, though each ticks one column: this one is aggregated as well",
        ),
        _NO_CODE,
    ),
    _gate("bottleneck-standard-se", "standard", 16, "296", "84.56 54.52"),
    _gate(
        "bottleneck-conv3x3-se",
        "conv3x3",
        16,
        "273",
        "85.26 54.77",
        f"{_NO_CODE}, with a reduction of 16 of the block's output channels, 4 of those that the gate reads",
    ),
    _gate("bottleneck-identity-se", "identity", 16, "293", "85.20 54.94"),
    _gate("bottleneck-residual-se-16", "residual", 16, "296", "85.75 55.95", ""),
    _gate("bottleneck-residual-se-64", "residual", 64, "273", "85.61 56.05", ""),
)
