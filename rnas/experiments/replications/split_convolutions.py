"""Compare aggregated and hierarchical convolutions in the bottleneck, by cardinality and scales."""

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
from rnas.networks.blocks.robust_res_block import balanced_base_width

_SWEEP = (2, 4, 8)
_CHOSEN_CARDINALITY, _CHOSEN_SCALES = 4, 8


def aggregated(cardinality: int) -> Block:
    """Return a bottleneck whose spatial convolution has groups, as wide as keeps its parameters."""
    return _split(1, cardinality)


def hierarchical(scales: int) -> Block:
    """Return a bottleneck whose spatial convolution is a hierarchy of scales, as wide as keeps its parameters."""
    return _split(scales, 1)


def _split(scales: int, cardinality: int) -> Block:
    base_width = balanced_base_width(scales, cardinality)
    return Block(topology="robust-res-block", scales=scales, cardinality=cardinality, base_width=base_width)


def _name(what: str, number: int) -> str:
    return f"{what} {number}"


def cells(size: Size) -> Iterator[DesignCell]:
    """Return basic block and bottleneck with the paper's cardinality and scales at all capacities, and sweeps at the
    least.
    """
    chosen = {
        "basic": Block(),
        "bottleneck": Block(topology="bottleneck"),
        _name("cardinality", _CHOSEN_CARDINALITY): aggregated(_CHOSEN_CARDINALITY),
        _name("scales", _CHOSEN_SCALES): hierarchical(_CHOSEN_SCALES),
    }
    sweep = {_name("cardinality", number): aggregated(number) for number in _SWEEP}
    sweep |= {_name("scales", number): hierarchical(number) for number in _SWEEP}
    for level, (depth, width) in enumerate(size.capacities):
        for name, block in (chosen | ({} if level else sweep)).items():
            network = size.network((depth,) * 3, (width,) * 3, block)
            yield size.cell(network, {"block": name, "capacity": capacity_label(depth, width)})


def claims(design: Sequence[DesignCell]) -> list[Claim]:
    """Return the claims on each enhancement against plain bottleneck and basic block, over capacities."""
    split = {
        "aggregated convolutions (cardinality 4)": _name("cardinality", _CHOSEN_CARDINALITY),
        "hierarchical convolutions (scales 8)": _name("scales", _CHOSEN_SCALES),
    }
    return [
        Claim(
            f"the bottleneck with {words} is better than {against} over all capacities",
            difference(design, {"block": name}, {"block": other}),
        )
        for words, name in split.items()
        for other, against in (("bottleneck", "the bottleneck without"), ("basic", "the basic block"))
    ]


REPLICATION = Replication(
    name="split-convolutions",
    title="Aggregated and hierarchical convolutions",
    paper=ROBUST_RESNETS,
    section="section 4.1.1, figure 4",
    observation="The bottleneck gains from aggregated and from hierarchical convolutions at all capacities, and is "
    "then better than the basic block.",
    recipe="bat",
    cells=cells,
    claims=claims,
    figure=ReplicationFigure(x="FLOPs", colour=("block",), like="Figure 4"),
    note="The base width is the one that keeps the bottleneck's parameters; the paper does not print its own.",
)
