"""Place squeeze-and-excitation in residual blocks as published and as the paper's residual variant."""

from collections.abc import Iterator, Sequence

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

NONE, RESIDUAL = "none", "residual, r 16"
_VARIANTS = {
    "standard, r 16": ("standard", 16),
    "3x3 convolution, r 16": ("conv3x3", 16),
    "identity, r 16": ("identity", 16),
    RESIDUAL: ("residual", 16),
    "residual, r 64": ("residual", 64),
}


def cells(size: Size) -> Iterator[DesignCell]:
    """Return all variants in the bottleneck at the largest capacity; with and without the residual one at all
    others.
    """
    largest = size.capacities[-1]
    for depth, width in size.capacities:
        for topology in ("basic", "bottleneck"):
            placed = (
                _VARIANTS if topology == "bottleneck" and (depth, width) == largest else {RESIDUAL: ("residual", 16)}
            )
            blocks = {NONE: Block(topology=topology)} | {
                name: Block(topology=topology, squeeze_excitation=place, reduction=reduction)
                for name, (place, reduction) in placed.items()
            }
            for name, block in blocks.items():
                network = size.network((depth,) * 3, (width,) * 3, block)
                yield size.cell(network, {"topology": topology, "SE": name, "capacity": capacity_label(depth, width)})


def claims(design: Sequence[DesignCell]) -> list[Claim]:
    """Return the claims that published variants are worse than none and the residual one is better, in both blocks."""
    largest = design[-1].factors["capacity"]
    at_largest = {"topology": "bottleneck", "capacity": largest}
    worse = [
        Claim(
            f"SE {name} is worse than none in the bottleneck at {largest}",
            difference(design, {"SE": name}, {"SE": NONE}, at_largest),
            expected="below",
        )
        for name, (place, _) in _VARIANTS.items()
        if place != "residual"
    ]
    better = [
        Claim(
            f"SE {name} is better than none in the bottleneck at {largest}",
            difference(design, {"SE": name}, {"SE": NONE}, at_largest),
        )
        for name, (place, _) in _VARIANTS.items()
        if place == "residual"
    ]
    over_capacities = [
        Claim(
            f"SE {RESIDUAL} is better than none in the {topology} block over all capacities",
            difference(design, {"SE": RESIDUAL}, {"SE": NONE}, {"topology": topology}),
        )
        for topology in ("basic", "bottleneck")
    ]
    return [*worse, *better, *over_capacities]


REPLICATION = Replication(
    name="squeeze-excitation",
    title="Squeeze-and-excitation",
    paper=ROBUST_RESNETS,
    section="section 4.1.1, figure 5",
    observation="Squeeze-and-excitation as it is published makes networks less robust, wherever it stands; with a skip "
    "connection around it, residual SE, it makes them more robust, in basic blocks and bottlenecks of all capacities.",
    recipe="bat",
    cells=cells,
    claims=claims,
    figure=ReplicationFigure(x="FLOPs", colour=("topology", "SE"), like="Figure 5 c"),
)
