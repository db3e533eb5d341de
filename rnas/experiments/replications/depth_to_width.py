"""Vary the share of depth, r_D, at fixed FLOPs."""

from collections.abc import Iterator, Sequence

from rnas.experiments.replications.claim import Claim
from rnas.experiments.replications.contrasts import slope
from rnas.experiments.replications.design import ROBUST_RESNETS, DesignCell, Replication, ReplicationFigure, Size
from rnas.networks.residual import ResidualNetwork
from rnas.networks.robust_scaling import RobustScaling, Rule
from rnas.utils.quantities import format_size

PEAK = 0.7
_SHARES = (0.3, 0.4, 0.5, 0.6, PEAK, 0.8)


def cells(size: Size) -> Iterator[DesignCell]:
    """Return a network for each budget and share, by RobustScaling with this share in place of the paper's."""
    shares: tuple[float, ...]
    if size.paper:
        shares, tolerance, unit = (*_SHARES, 0.9, 0.95), 0.05, 1.0
        budgets = [size.flops(size.network((depth,) * 3, (width,) * 3)) for depth, width in size.capacities]
    else:
        # Half the base channels, so that widths have enough whole steps where few blocks are traded for them.
        shares, tolerance, unit = (*_SHARES, 0.85), 0.1, 0.5
        least = size.flops(size.network((11, 11, 6), (1.0, 1.0, 0.5)))
        budgets = [least, 2 * least]

    def network(depths: tuple[int, ...], widths: tuple[int, ...]) -> ResidualNetwork:
        return size.network(depths, [unit * width for width in widths])

    for budget in budgets:
        for share in shares:
            scaling = RobustScaling(network, rule=Rule(depth_to_width=share / (1 - share)), tolerance=tolerance)
            found = scaling.nearest(budget, size.input_shape, size.num_classes)
            yield size.cell(found.architecture, {"r_D": share, "budget": format_size(budget)})


def claims(design: Sequence[DesignCell]) -> list[Claim]:
    """Return the claims that accuracy rises up to the optimum and falls beyond it."""
    shares = sorted({cell.number("r_D") for cell in design})

    def over(part: list[float]) -> dict[str, tuple[float | str, ...]]:
        return {"r_D": tuple(part)}

    rising, falling = [r for r in shares if r <= PEAK], [r for r in shares if r >= PEAK]
    return [
        Claim(
            f"robust accuracy rises with r_D from {rising[0]:g} to {PEAK:g}",
            slope(design, "r_D", over(rising), by=["budget"]),
            unit="points a tenth of r_D",
            scale=10.0,
        ),
        Claim(
            f"robust accuracy falls with r_D from {PEAK:g} to {falling[-1]:g}",
            slope(design, "r_D", over(falling), by=["budget"]),
            expected="below",
            unit="points a tenth of r_D",
            scale=10.0,
        ),
    ]


REPLICATION = Replication(
    name="depth-to-width",
    title="Depth against width at fixed FLOPs",
    paper=ROBUST_RESNETS,
    section="section 4.2.2, figure 8",
    observation="At fixed FLOPs robust accuracy rises with the share of depth in depth and width, r_D, peaks at about "
    "0.7, and falls beyond it.",
    recipe="bat",
    cells=cells,
    claims=claims,
    figure=ReplicationFigure(x="r_D", colour=("budget",), like="Figure 8"),
    note="Budgets are the FLOPs of WRN-28-10, 34-12, 46-14 and 70-16, or two of our own at small capacity. Networks "
    "are whole depths and widths by RobustScaling with r_D in place of its 0.7, within 5 % of the budget; at small "
    "capacity within 10 %, in widths of half the base channels.",
)
