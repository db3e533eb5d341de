"""Add the enhancements that lead from the basic block to the RobustResBlock, one after the other."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from rnas.experiments.replications.claim import Claim
from rnas.experiments.replications.contrasts import difference
from rnas.experiments.replications.design import (
    ROBUST_RESNETS,
    DesignCell,
    Replication,
    ReplicationFigure,
    Size,
    capacity_label,
)
from rnas.networks.block import Block
from rnas.networks.blocks.robust_res_block import ROBUST_RES_BLOCK, balanced_base_width

_STEPS = {
    "1 basic": Block(),
    "2 bottleneck": Block(topology="bottleneck"),
    "3 + aggregated": Block(topology="robust-res-block", cardinality=4, base_width=balanced_base_width(1, 4)),
    "4 + hierarchical": Block(topology="robust-res-block", scales=8, cardinality=4, base_width=10),
    "5 + residual SE": ROBUST_RES_BLOCK,
}


def cells(size: Size) -> Iterator[DesignCell]:
    """Return a cell for each step at the largest capacity."""
    depth, width = size.capacities[-1]
    for name, block in _STEPS.items():
        network = size.network((depth,) * 3, (width,) * 3, block)
        yield size.cell(network, {"block": name, "capacity": capacity_label(depth, width)})


def claims(design: Sequence[DesignCell]) -> list[Claim]:
    """Return the claims on all steps together, and on each step."""
    first, *_, last = _STEPS
    whole = Claim(
        "the RobustResBlock is better than the basic block", difference(design, {"block": last}, {"block": first})
    )
    steps = [
        Claim(f"step {after} is better than step {before}", difference(design, {"block": after}, {"block": before}))
        for before, after in pairwise(_STEPS)
    ]
    return [whole, *steps]


REPLICATION = Replication(
    name="robust-res-block",
    title="From the basic block to the RobustResBlock",
    paper=ROBUST_RESNETS,
    section="section 4.1.1, table 1",
    observation="Each enhancement adds robust accuracy: the bottleneck, aggregated and hierarchical convolutions and "
    "residual SE, about three points together.",
    recipe="bat",
    cells=cells,
    claims=claims,
    figure=ReplicationFigure(x="block", colour=("capacity",), like="Table 1"),
    note="The rows of the table are cumulative. Its third row prints no gain under PGD-20, and one of .5 points under "
    "CW-40; the observation is the paper's summary.",
)
