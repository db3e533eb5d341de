"""Scale the widths 10-10-4 by gamma."""

from collections.abc import Iterator, Sequence

from rnas.experiments.replications.claim import Claim
from rnas.experiments.replications.contrasts import difference, minus
from rnas.experiments.replications.design import ROBUST_WRN, DesignCell, Replication, ReplicationFigure, Size

REDUCED, UNIFORM = "10-10-4", "10-10-10"
_GAMMAS = (0.25, 0.5, 1.0, 1.5, 2.0)


def cells(size: Size) -> Iterator[DesignCell]:
    """Return a cell for every scale of the reduced widths, and one for the unscaled uniform widths."""
    depth, unit = (5, 1.0) if size.paper else (2, 0.25)
    for gamma in _GAMMAS:
        widths = [gamma * unit * width for width in (10, 10, 4)]
        yield size.cell(size.network((depth,) * 3, widths), {"widths": REDUCED, "gamma": gamma})
    yield size.cell(size.network((depth,) * 3, [10 * unit] * 3), {"widths": UNIFORM, "gamma": 1.0})


def claims(design: Sequence[DesignCell]) -> list[Claim]:
    """Return the claims on the gain of scaling up, and on its end."""

    def reduced(gamma: float) -> dict[str, float | str]:
        return {"widths": REDUCED, "gamma": gamma}

    halving = difference(design, reduced(1.0), reduced(0.5))
    return [
        Claim("gamma 1 is better than gamma .5", halving),
        Claim("gamma 2 is better than gamma 1", difference(design, reduced(2.0), reduced(1.0))),
        Claim(
            "from gamma 1 to 2 there is less to gain than from .5 to 1",
            minus(halving, difference(design, reduced(2.0), reduced(1.0))),
        ),
        Claim(
            "10-10-4 is better than 10-10-10",
            difference(design, reduced(1.0), {"widths": UNIFORM, "gamma": 1.0}),
        ),
        Claim(
            "10-10-4 by half is better than 10-10-10 in full, with a tenth of its parameters",
            difference(design, reduced(0.5), {"widths": UNIFORM, "gamma": 1.0}),
        ),
    ]


REPLICATION = Replication(
    name="robust-wrn-scaling",
    title="Scaling widths of 10-10-4",
    paper=ROBUST_WRN,
    section="section 4.4, table 1",
    observation="Reduced in its last stage, WRN-34-10 is more robust, even at half its width. Scaling it up makes it "
    "more robust still, by less and less.",
    recipe="sat",
    cells=cells,
    claims=claims,
    figure=ReplicationFigure(x="params", colour=("widths",), like="Table 1"),
)
