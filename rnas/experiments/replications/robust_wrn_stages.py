"""Vary depth and width of one stage at a time."""

from collections.abc import Iterator, Sequence

from rnas.experiments.replications.claim import Claim
from rnas.experiments.replications.contrasts import Levels, slope
from rnas.experiments.replications.design import ROBUST_WRN, DesignCell, Replication, ReplicationFigure, Size

NOTHING = "nothing"

STAGES = (1, 2, 3)


def changed(what: str, stage: int) -> str:
    """Return the level of the factor ``changed``."""
    return f"{what} of stage {stage}"


def one_stage_networks(size: Size) -> Iterator[DesignCell]:
    """Return a uniform network, and those that differ in depth or width of one stage. Widths are tenths of the uniform
    one.
    """
    depths, base_depth, unit = ((1, 3, 7, 9), 5, 1.0) if size.paper else ((1, 3, 4), 2, 0.2)
    yield _cell(size, unit, NOTHING, (base_depth,) * 3, (10,) * 3)
    for stage in STAGES:
        for depth in depths:
            setting = tuple(depth if own == stage else base_depth for own in STAGES)
            yield _cell(size, unit, changed("depth", stage), setting, (10,) * 3)
        # At small capacity 2 and 4 tenths of few channels are too few to train.
        for width in (2, 4, 6, 8) if size.paper else (4, 6, 8):
            setting = tuple(width if own == stage else 10 for own in STAGES)
            yield _cell(size, unit, changed("width", stage), (base_depth,) * 3, setting)


def _cell(size: Size, unit: float, what: str, depths: tuple[int, ...], widths: tuple[int, ...]) -> DesignCell:
    levels = {f"D{stage}": float(depth) for stage, depth in zip(STAGES, depths, strict=True)}
    levels |= {f"W{stage}": float(width) for stage, width in zip(STAGES, widths, strict=True)}
    return size.cell(size.network(depths, [unit * width for width in widths]), {"changed": what, **levels})


def claims(design: Sequence[DesignCell]) -> list[Claim]:
    """Return the claims on the slope over depth, and over width, of each stage."""
    found = []
    for what, letter, unit in (("depth", "D", "points a block"), ("width", "W", "points a widening")):
        for stage in STAGES:
            # The paper finds that the narrowest third stage is too narrow.
            levels = tuple(
                level
                for level in dict.fromkeys(cell.number(f"{letter}{stage}") for cell in design)
                if (letter, stage) != ("W", 3) or level >= 4
            )
            where: Levels = {"changed": (changed(what, stage), NOTHING), f"{letter}{stage}": levels}
            found.append(
                Claim(
                    f"more {what} of stage {stage} is {'worse' if stage == 3 else 'better'}"
                    + (", from a widening of 4 on" if (letter, stage) == ("W", 3) else ""),
                    slope(design, f"{letter}{stage}", where),
                    expected="below" if stage == 3 else "above",
                    unit=unit,
                )
            )
    return found


REPLICATION = Replication(
    name="robust-wrn-stages",
    title="Depth and width of one stage at a time",
    paper=ROBUST_WRN,
    section="sections 4.1 and 4.2, figures 2 a to c and 3 a to c",
    observation="Fewer blocks or channels in one of the first two stages make WRN-34-10 less robust; in the last stage "
    "they make it more robust, down to a widening of 4.",
    recipe="sat",
    cells=one_stage_networks,
    claims=claims,
    figure=ReplicationFigure(x="params", colour=("changed",), like="Figures 2 and 3"),
    note="At small capacity a widening of 10 stands for that of the small networks, and the others are shares of it.",
)
