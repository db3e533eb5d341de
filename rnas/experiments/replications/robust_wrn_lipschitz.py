"""Measure empirical Lipschitz constants of networks and of their blocks."""

from collections.abc import Iterator, Sequence

from rnas.experiments.replications.claim import Claim
from rnas.experiments.replications.contrasts import mean, slope
from rnas.experiments.replications.design import ROBUST_WRN, DesignCell, Replication, ReplicationFigure, Size
from rnas.experiments.replications.robust_wrn_stages import NOTHING, changed, one_stage_networks


def cells(size: Size) -> Iterator[DesignCell]:
    """Return networks that differ in the width of the first or the last stage, or in the depth of the last stage."""
    kept = (NOTHING, changed("depth", 3), changed("width", 1), changed("width", 3))
    for cell in one_stage_networks(size):
        if cell.factors["changed"] in kept:
            yield cell


def claims(design: Sequence[DesignCell]) -> list[Claim]:
    """Return the claims of figures 4 and 5 on width, depth and blocks."""
    network = [
        Claim(
            "a wider stage 3 has a larger Lipschitz constant of the network (Fig. 4b)",
            slope(design, "W3", {"changed": (changed("width", 3), NOTHING)}),
            metric="empirical_lipschitz",
            unit="a widening",
            scale=1.0,
        ),
        Claim(
            "a wider stage 3 has a lower perturbation stability (Fig. 4b)",
            slope(design, "W3", {"changed": (changed("width", 3), NOTHING)}),
            expected="below",
            metric="perturbation_stability",
            unit="points a widening",
        ),
        Claim(
            "a deeper stage 3 has a larger Lipschitz constant of the network (Fig. 4a)",
            slope(design, "D3", {"changed": (changed("depth", 3), NOTHING)}),
            metric="empirical_lipschitz",
            unit="a block",
            scale=1.0,
        ),
        Claim(
            "a deeper stage 3 has a lower perturbation stability (Fig. 4a)",
            slope(design, "D3", {"changed": (changed("depth", 3), NOTHING)}),
            expected="below",
            metric="perturbation_stability",
            unit="points a block",
        ),
    ]
    first = Claim(
        "a wider stage 1 has a larger Lipschitz constant at its own end (Fig. 5a)",
        slope(design, "W1", {"changed": (changed("width", 1), NOTHING)}),
        metric="first_stage_log_lipschitz",
        unit="of the logarithm a widening",
        scale=1.0,
    )
    within = Claim(
        "within stages the Lipschitz constant grows from the first block to the last (Fig. 5)",
        mean(design, {"changed": NOTHING}),
        metric="log_lipschitz_growth_within_stages",
        unit="of the logarithm",
        scale=1.0,
    )
    between = Claim(
        "from the last block of a stage to the first of the next it falls (Fig. 5)",
        mean(design, {"changed": NOTHING}),
        expected="below",
        metric="log_lipschitz_step_between_stages",
        unit="of the logarithm",
        scale=1.0,
    )
    return [*network, first, within, between]


REPLICATION = Replication(
    name="robust-wrn-lipschitz",
    title="Lipschitz constants by width, depth and block",
    paper=ROBUST_WRN,
    section="section 4.5, figures 4 and 5",
    observation="Narrower and shallower last stages make a network smoother and its predictions more stable. The "
    "empirical Lipschitz constant of a block's output grows within each stage, falls where the next begins, and grows "
    "with the stage's width.",
    recipe="sat",
    cells=cells,
    claims=claims,
    figure=ReplicationFigure(x="params", colour=("changed",), like="Figure 4", metric="empirical_lipschitz"),
    diagnostics=("empirical-lipschitz", "perturbation-stability", "stage-lipschitz"),
    note="Constants are the mean over images of ||f(x) - f(x')||_1 / ||x - x'||_inf, x' from the attack.",
)
