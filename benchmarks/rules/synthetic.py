"""Make networks and synthetic scores with known ground truths."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from rnas import registry
from rnas._typing import Floats, Integers
from rnas.nas.objective import Objective
from rnas.nas.space import SearchSpace
from rnas.nas.strategy import Columns, Problem, Strategy, View
from rnas.networks.residual import BASE_CHANNELS
from rnas.networks.robust_scaling import Rule
from rnas.scaling_rules.observations import Observations
from rnas.scaling_rules.synthetic_responses import FORMS, synthetic_response

NETWORKS = 300
"""Number of evaluations of a design."""

EFFECT = 1.0
"""Gain of each part of a true rule over no rule, in the score's units."""

NOISE = 0.5
"""Standard deviation of the score's noise."""

DESIGNS = ("unbiased", "searched")
RATIOS = {"2:2:1": ((2, 2, 1), 0.7), "3:1:2": ((3, 1, 2), 0.4), "1:2:3": ((1, 2, 3), 0.6)}
"""Proportions of the stages' depths and widths, and r_D, by name."""

RIVALS = ("params", "FLOPs", "nothing")

BATCH = 50
"""Number of networks that a search proposes at once."""

_BLOCK = 0.5
_SCORE = "score"
_SPACE: Mapping[str, Any] = {
    "depths": list(range(1, 11)),
    "widths": list(range(1, 11)),
    "topology": ["basic", "robust-res-block"],
    "order": ["pre"],
    "first_input": ["raw"],
    "kernel_size": [3],
    "cardinality": [1],
    "scales": [1],
    "squeeze_excitation": ["none"],
    "reduction": [16],
    "activation": ["relu"],
    "normalization": ["batch"],
    "stem_width": [16],
}


@dataclass(frozen=True)
class GroundTruth:
    """What determines the score: a ratio in a form, or a rival alone.

    Attributes:
        ratio: a name of :data:`RATIOS`, or of :data:`RIVALS`.
        form: a name of :data:`rnas.scaling_rules.FORMS`; empty for a rival.
    """

    ratio: str
    form: str = ""

    @property
    def rule(self) -> Rule | None:
        """Return the optimum; None for a rival."""
        if not self.form:
            return None
        parts, share = RATIOS[self.ratio]
        return Rule(parts, parts, share / (1 - share))

    def score(self, networks: Observations) -> Floats:
        """Return the score (n,) without noise."""
        flops, params = np.log(networks.flops), np.log(networks.params)
        if self.rule is None:
            return {"params": params, "FLOPs": flops, "nothing": np.zeros(len(networks))}[self.ratio]
        block = _BLOCK * networks.blocks["topology"].astype(np.float64)
        return flops + block + synthetic_response(networks, self.rule, self.form, EFFECT, Rule())


TRUTHS = (*(GroundTruth(ratio, form) for ratio in RATIOS for form in FORMS), *map(GroundTruth, RIVALS))


@cache
def problem() -> Problem:
    """Return the problem that maximises the score and minimises FLOPs."""
    made = registry.load(registry.SEARCH_SPACES, "robust-resnet")
    space: SearchSpace = made(made.Settings(**_SPACE), (3, 32, 32), 10)

    def known(genomes: Integers) -> Columns:
        cost = space.cost(genomes)
        return {"flops": cost.flops.astype(np.float64), "params": cost.params.astype(np.float64)}

    objectives = (Objective(metric=_SCORE, direction="maximize"), Objective(metric="flops", direction="minimize"))
    low, high = space.flops_range
    # A score is unbounded; the reference of FLOPs is as far outside the range as in a search.
    reference, ideal = np.array([[math.nan, high + 0.01 * (high - low)], [math.nan, low]])
    return Problem(space, objectives, known, reference, ideal)


def without_scores(genomes: Integers) -> Observations:
    """Return observations of networks (n, v) with a score of 0."""
    space: Any = problem().space
    cost = space.cost(genomes)
    return Observations(
        metric=_SCORE,
        score=np.zeros(len(genomes)),
        depths=space.depths(genomes).astype(np.float64),
        widths=space.planes(genomes) / np.array(BASE_CHANNELS[:3]),
        flops=cost.flops.astype(np.float64),
        params=cost.params.astype(np.float64),
        blocks={"topology": genomes[:, space.columns["topology"]].astype(str)},
        keys=tuple(map(str, range(len(genomes)))),
    )


def designed(design: str, truth: GroundTruth, seed: int) -> Observations:
    """Return networks that are drawn from the space, or proposed by the default strategy, which sees their scores."""
    noise = NOISE * np.random.default_rng([seed, 1]).standard_normal(NETWORKS)
    if design == "unbiased":
        networks = without_scores(problem().space.sample(NETWORKS, np.random.default_rng(seed)))
        return networks.with_score(truth.score(networks) + noise)
    strategy: Strategy = registry.load(registry.STRATEGIES, "surrogate-nsga2")(problem())
    genomes = np.empty((0, len(problem().space.variables)), dtype=np.int64)
    scores = np.empty(0)
    while len(genomes) < NETWORKS:
        view = View(
            genomes=genomes,
            metrics={_SCORE: scores, **problem().known(genomes)},
            failed=np.zeros(len(genomes), dtype=bool),
            pending=genomes[:0],
            seed=seed,
        )
        many = min(BATCH, NETWORKS - len(genomes))
        proposals = strategy.propose(many, view, np.random.default_rng([seed, len(genomes)]))
        genomes = np.concatenate([genomes, np.stack([proposal.genome for proposal in proposals])])
        networks = without_scores(genomes)
        scores = truth.score(networks) + noise[: len(genomes)]
    return networks.with_score(scores)
