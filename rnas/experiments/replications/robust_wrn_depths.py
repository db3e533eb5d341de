"""Train the 125 depths around WRN-34-10."""

from collections.abc import Iterator, Sequence
from itertools import product

from rnas.experiments.replications.claim import Claim
from rnas.experiments.replications.contrasts import trend, uncorrelated
from rnas.experiments.replications.design import ROBUST_WRN, DesignCell, Replication, ReplicationFigure, Size


def cells(size: Size) -> Iterator[DesignCell]:
    """Return a cell for every combination of the depths."""
    depths = (1, 3, 5, 7, 9) if size.paper else (1, 2, 4)
    for setting in product(depths, repeat=3):
        levels = {f"D{stage}": float(depth) for stage, depth in enumerate(setting, 1)}
        yield size.cell(size.network(setting, (size.widening,) * 3), levels | {"total depth": float(sum(setting))})


def claims(design: Sequence[DesignCell]) -> list[Claim]:
    """Return the claims on parameters as a whole, and on the depth of each stage at equal depths of the others."""
    parameters = uncorrelated(design, "parameters", "params", " (Fig. 1b)")
    stages = [
        Claim(
            f"at equal depths of the other stages, a deeper stage {stage} is {'worse' if stage == 3 else 'better'}",
            trend(design, f"D{stage}", [f"D{other}" for other in (1, 2, 3) if other != stage]),
            expected="below" if stage == 3 else "above",
            unit="points a block",
        )
        for stage in (1, 2, 3)
    ]
    return [parameters, *stages]


REPLICATION = Replication(
    name="robust-wrn-depths",
    title="Depths of the stages around WRN-34-10",
    paper=ROBUST_WRN,
    section="section 4.1, figure 1 b and figure 2",
    observation="More parameters do not make a network more robust by themselves: depth in the first two stages helps, "
    "and depth in the last one harms.",
    recipe="sat",
    cells=cells,
    claims=claims,
    figure=ReplicationFigure(x="params", colour=("D3",), like="Figure 1 b"),
    seeds=2,
    strata="total depth",
)
