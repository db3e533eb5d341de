"""Train all combinations of depths of the three stages at one width."""

from collections.abc import Iterator, Sequence
from itertools import product

from rnas.experiments.replications.claim import Claim
from rnas.experiments.replications.contrasts import trend, uncorrelated
from rnas.experiments.replications.design import ROBUST_RESNETS, DesignCell, Replication, ReplicationFigure, Size


def cells(size: Size) -> Iterator[DesignCell]:
    """Return a cell for every combination of the depths, with its shares."""
    depths = (2, 3, 4, 5, 7, 9, 11) if size.paper else (1, 2, 3)
    for setting in product(depths, repeat=3):
        total = sum(setting)
        levels = {f"D{stage}": float(depth) for stage, depth in enumerate(setting, 1)}
        shares = {"total depth": float(total), "share of stage 3": setting[2] / total}
        unevenness = {"unevenness": abs(setting[0] - setting[1]) / total}
        yield size.cell(size.network(setting, (size.widening,) * 3), levels | shares | unevenness)


def claims(design: Sequence[DesignCell]) -> list[Claim]:
    """Return the claims on depth, and on its distribution at equal depth."""
    return [
        uncorrelated(design, "depth", "total depth"),
        Claim(
            "at equal total depth, a larger share of stage 3 is worse",
            trend(design, "share of stage 3", ["total depth"], step=0.1),
            expected="below",
            unit="points a tenth of the depth",
        ),
        Claim(
            "at equal total depth, uneven depths of stages 1 and 2 are worse",
            trend(design, "unevenness", ["total depth"], step=0.1),
            expected="below",
            unit="points a tenth of the depth",
        ),
    ]


REPLICATION = Replication(
    name="depth-grid",
    title="Depths of the stages",
    paper=ROBUST_RESNETS,
    section="section 4.2.1, figure 7 a to d",
    observation="More blocks do not make a network more robust by themselves. At equal total depth the most robust "
    "networks have few blocks in stage 3 and spread the others evenly over stages 1 and 2.",
    recipe="bat",
    cells=cells,
    claims=claims,
    figure=ReplicationFigure(x="FLOPs", colour=("share of stage 3",), like="Figure 7 a"),
    seeds=2,
    strata="total depth",
    note="A block of any stage has about the same FLOPs, and in stage 3 sixteen times the parameters of stage 1: at "
    "equal depth the shares also change the parameters.",
)
