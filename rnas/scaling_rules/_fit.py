"""Estimate a run's rule: the effects of depth, width and block on the score."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from rnas.nas.result import SearchResult
from rnas.networks.robust_scaling import Rule
from rnas.scaling_rules._block_effects import BlockEffect, block_effects
from rnas.scaling_rules._design_matrix import DEPTH_TO_WIDTH, DEPTHS, WIDTHS
from rnas.scaling_rules._drift import Drift, at_this_fidelity, drifts
from rnas.scaling_rules._exponents import Exponents, exponents
from rnas.scaling_rules._hypotheses import explained
from rnas.scaling_rules.estimate import FEWEST, Family, design_of, families_of
from rnas.scaling_rules.observations import Observations


@dataclass(frozen=True)
class Rules:
    """The rule estimated from evaluations.

    Attributes:
        observations: all evaluations at the highest rung.
        fitted: number of evaluations that the model was fitted to.
        families: estimates of depth shares, width shares and depth to width, as far as these vary.
        explained: share of the scores' variance that each hypothesis predicts, by its name.
        blocks: effects of the choices of block variables.
        exponents: exponents of depth and width in FLOPs; None if the budgets differ too little.
        drifts: drift of the optimum at lower rungs; empty with one rung.
    """

    observations: Observations
    fitted: int
    families: tuple[Family, ...]
    explained: Mapping[str, float]
    blocks: tuple[BlockEffect, ...]
    exponents: Exponents | None
    drifts: tuple[Drift, ...]

    @property
    def rule(self) -> Rule:
        """Return the likeliest rule; a part that does not vary has the shares of all networks.

        The verdicts of the families say how far it can be trusted.
        """
        return likeliest_rule(self.families, self.observations)

    def to_dict(self) -> dict[str, Any]:
        """Convert to JSON values."""
        families = [asdict(family) | {"verdict": family.verdict.value} for family in self.families]
        flops = self.observations.flops
        return {
            "metric": self.observations.metric,
            "evaluations": len(self.observations),
            "fitted": self.fitted,
            "flops": [float(flops.min()), float(flops.max())],
            "families": families,
            "explained": dict(self.explained),
            "blocks": [asdict(effect) for effect in self.blocks],
            "exponents": None if self.exponents is None else asdict(self.exponents),
            "drifts": [asdict(drift) | {"found": drift.found} for drift in self.drifts],
            "rule": asdict(self.rule),
        }


def likeliest_rule(families: Sequence[Family], observations: Observations) -> Rule:
    """Return the rule of the likeliest optima; a part that does not vary has the shares of all networks."""
    found = {family.name: [quantity.optimum.value for quantity in family.quantities] for family in families}
    depths = found.get(DEPTHS, observations.depth_shares[0].tolist())
    widths = found.get(WIDTHS, observations.width_shares[0].tolist())
    share = found.get(DEPTH_TO_WIDTH, [float(observations.depth_to_width[0])])[0]
    return Rule(tuple(depths), tuple(widths), share / (1 - share))


def fit(run: SearchResult, metric: str | None = None, seed: int = 0) -> Rules:
    """Hold what a search over residual networks says about architecture, next to RobustScaling.

    Args:
        run: a search over residual networks, finished or not.
        metric: name of the score; None takes the first objective that is maximised.
        seed: seed of the draws from which intervals and p-values are computed.

    Raises:
        InputError: there are fewer than 20 complete evaluations, none has the metric, or networks have no stages of
            blocks.
    """
    highest = Observations.from_run(run, metric)
    lower = []
    for rung in reversed(range(len(run.setup.evaluator.rungs) - 1)):
        observations = Observations.from_run(run, highest.metric, rung)
        if len(observations) >= FEWEST:
            lower.append(observations)
    return fit_observations(highest, lower, seed)


def fit_observations(highest: Observations, lower: list[Observations], seed: int = 0) -> Rules:
    """Estimate the rule from observations at the highest rung and at lower rungs, ordered from the highest down."""
    published = Rule()
    design = design_of(highest, published, seed)
    families = families_of(design, seed)
    below = [design_of(observations, published, seed + number) for number, observations in enumerate(lower, 1)]
    moved = drifts(design, below, seed)
    rng = np.random.default_rng([seed, 1])
    return Rules(
        observations=highest,
        fitted=len(design.observations),
        families=tuple(at_this_fidelity(family, moved) for family in families),
        explained=explained(design),
        blocks=block_effects(design, rng),
        exponents=exponents(design, rng),
        drifts=moved,
    )
