"""Compare block topologies, and activation before or after the convolution, at several capacities."""

from collections.abc import Iterator, Sequence

from rnas.experiments.replications.claim import Claim
from rnas.experiments.replications.contrasts import difference, minus
from rnas.experiments.replications.design import (
    ROBUST_RESNETS,
    DesignCell,
    Replication,
    ReplicationFigure,
    Size,
    capacity_label,
)
from rnas.networks.block import POST, PRE, Block

BASIC, BOTTLENECK, INVERTED, NO_RESIDUAL = "basic", "bottleneck", "inverted-bottleneck", "no-residual"


def cells(size: Size) -> Iterator[DesignCell]:
    """Return cells of three topologies with pre- and post-activation, and of the basic block without its residual
    connection.
    """
    for depth, width in size.capacities:
        for topology, order in [(t, o) for t in (BASIC, BOTTLENECK, INVERTED) for o in (PRE, POST)] + [
            (NO_RESIDUAL, PRE)
        ]:
            network = size.network((depth,) * 3, (width,) * 3, Block(topology=topology, order=order))
            levels = {"topology": topology, "activation": order, "capacity": capacity_label(depth, width)}
            yield size.cell(network, levels)


def claims(design: Sequence[DesignCell]) -> list[Claim]:
    """Return the comparisons of the paper's figure 3."""
    pre, post = {"activation": PRE}, {"activation": POST}
    levels = list(dict.fromkeys(cell.factors["capacity"] for cell in design))
    least, most = levels[0], levels[-1]

    basic, bottleneck, inverted = (
        difference(design, pre, post, {"topology": topology}) for topology in (BASIC, BOTTLENECK, INVERTED)
    )
    return [
        Claim("basic block: pre-activation is better than post-activation (Fig. 3a)", basic),
        Claim(
            "the position matters more in the basic block than in the bottleneck (Fig. 3a, 3b)",
            minus(basic, bottleneck),
        ),
        Claim(
            "the position matters more in the basic block than in the inverted bottleneck (Fig. 3a, 3c)",
            minus(basic, inverted),
        ),
        Claim(
            f"pre-activation: the bottleneck is better than the basic block at the largest capacity, {most} (Fig. 3d)",
            difference(design, {"topology": BOTTLENECK}, {"topology": BASIC}, pre | {"capacity": most}),
        ),
        Claim(
            f"pre-activation: the basic block is better than the bottleneck at the least capacity, {least} (Fig. 3d)",
            difference(design, {"topology": BASIC}, {"topology": BOTTLENECK}, pre | {"capacity": least}),
        ),
        Claim(
            "pre-activation: the inverted bottleneck is worse than the basic block (Fig. 3d)",
            difference(design, {"topology": INVERTED}, {"topology": BASIC}, pre),
            expected="below",
        ),
        Claim(
            "pre-activation: without its residual connection the basic block is worse (Fig. 3d)",
            difference(design, {"topology": NO_RESIDUAL}, {"topology": BASIC}, pre),
            expected="below",
        ),
    ]


REPLICATION = Replication(
    name="block-topology",
    title="Block topology and the position of the activation",
    paper=ROBUST_RESNETS,
    section="section 4.1.1, figure 3",
    observation="Activation before the convolution is better than after it, above all in the basic block. With it, the "
    "basic block is better at small capacity and the bottleneck at large; the inverted bottleneck at none.",
    recipe="bat",
    cells=cells,
    claims=claims,
    figure=ReplicationFigure(x="FLOPs", colour=("topology", "activation"), like="Figure 3"),
    note="The paper does not print its post-activated, inverted and non-residual blocks: their structure is ours, as "
    "are depths and widenings other than those of its table of blocks.",
)
