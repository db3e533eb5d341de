"""Train all combinations of widths of the three stages at one depth."""

from collections.abc import Iterator, Sequence
from itertools import product

from rnas.experiments.replications.claim import Claim
from rnas.experiments.replications.contrasts import trend, uncorrelated
from rnas.experiments.replications.design import ROBUST_RESNETS, DesignCell, Replication, ReplicationFigure, Size


def cells(size: Size) -> Iterator[DesignCell]:
    """Return a cell for every combination of the widenings, with its shares."""
    widths, depth = ((4, 6, 8, 10, 12, 14, 16, 20), 4) if size.paper else ((1, 2, 3), 1)
    for setting in product(widths, repeat=3):
        total = sum(setting)
        levels = {f"W{stage}": float(width) for stage, width in enumerate(setting, 1)}
        shares = {f"share of stage {stage}": setting[stage - 1] / total for stage in (2, 3)}
        yield size.cell(size.network((depth,) * 3, setting), levels | {"total width": float(total)} | shares)


def claims(design: Sequence[DesignCell]) -> list[Claim]:
    """Return the claims on width, and on its distribution at equal width."""
    return [
        uncorrelated(design, "width", "total width"),
        Claim(
            "at equal total width, a larger share of stage 3 is worse",
            trend(design, "share of stage 3", ["total width"], step=0.1),
            expected="below",
            unit="points a tenth of the width",
        ),
        Claim(
            "at equal total width, a larger share of stage 2 is better",
            trend(design, "share of stage 2", ["total width"], step=0.1),
            unit="points a tenth of the width",
        ),
    ]


REPLICATION = Replication(
    name="width-grid",
    title="Widths of the stages",
    paper=ROBUST_RESNETS,
    section="section 4.2.1, figure 7 e to h",
    observation="More channels do not make a network more robust by themselves. At equal total width the most robust "
    "networks are narrow in stage 3 and wide in the first two, above all in stage 2.",
    recipe="bat",
    cells=cells,
    claims=claims,
    figure=ReplicationFigure(x="FLOPs", colour=("share of stage 3",), like="Figure 7 e"),
    seeds=2,
    strata="total width",
    note="Networks of equal total width differ in FLOPs and parameters too, as they do in the paper.",
)
