"""Empirical Lipschitz constants of networks and of their blocks."""

from collections.abc import Iterator, Sequence

from rnas.studies.claim import Claim
from rnas.studies.contrasts import mean, slope
from rnas.studies.design import Cell, Figure, Size, Study
from rnas.studies.papers import ROBUST_WRN
from rnas.studies.robust_wrn_stages import NOTHING, STAGES, changed, one_stage_networks


def cells(size: Size) -> Iterator[Cell]:
    """Networks whose width differs in one stage, or whose last stage's depth does."""
    kept = (NOTHING, changed("depth", 3), *(changed("width", stage) for stage in STAGES))
    for cell in one_stage_networks(size):
        if cell.factors["changed"] in kept:
            yield cell


def claims(design: Sequence[Cell]) -> list[Claim]:
    """Figures 4 and 5: width, depth and blocks."""
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
    own = [
        Claim(
            f"a wider stage {stage} has a larger Lipschitz constant at its own end (Fig. 5)",
            slope(design, f"W{stage}", {"changed": (changed("width", stage), NOTHING)}),
            metric=f"stage{stage}_log_lipschitz",
            unit="of the logarithm a widening",
            scale=1.0,
        )
        for stage in (1, 2)
    ]
    uniform = {"changed": NOTHING}
    within = [
        Claim(
            f"in stage {stage} the Lipschitz constant grows from the first block to the last (Fig. 5)",
            mean(design, uniform),
            metric=f"stage{stage}_log_lipschitz_growth",
            unit="of the logarithm",
            scale=1.0,
        )
        for stage in STAGES
    ]
    between = [
        Claim(
            f"from the last block of stage {stage - 1} to the first of stage {stage} it falls (Fig. 5)",
            mean(design, uniform),
            expected="below",
            metric=f"stage{stage}_log_lipschitz_step",
            unit="of the logarithm",
            scale=1.0,
        )
        for stage in (2, 3)
    ]
    return [*network, *own, *within, *between]


STUDY = Study(
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
    figure=Figure(x="params", colour=("changed",), like="Figure 4", metric="empirical_lipschitz"),
    diagnostics=("empirical-lipschitz", "perturbation-stability", "stage-lipschitz"),
    note="Constants are the mean over images of ||f(x) - f(x')||_1 / ||x - x'||_inf, x' from the attack.",
)
