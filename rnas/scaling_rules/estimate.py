"""Estimate a rule by a model: smooth functions of its parts, in addition to capacity and block.

The score is a sum of a function of FLOPs and params, an effect of each block variable, smooth functions of the shares
of depth, of the shares of width and of r_D, a function of all inputs that models interactions, and noise. This is a
Gaussian process with variance components, see :mod:`rnas.statistics.mixed_model`. The functions have no assumed form.
The interval of an optimum is that of the optima of functions that are drawn from the posterior.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rnas._typing import Floats, Integers
from rnas.errors import InputError
from rnas.networks.robust_scaling import Rule
from rnas.scaling_rules._design_matrix import CAPACITY, FLOPS, LENGTHS, DesignMatrix, RulePart, matern, parts_of
from rnas.scaling_rules.observations import Observations
from rnas.scaling_rules.shares import at_ends, inside, interval_of
from rnas.scaling_rules.verdict import Quantity, Verdict, evaluations_needed, verdict_on
from rnas.statistics._holm import holm
from rnas.statistics.interval import Interval
from rnas.statistics.mixed_model import MixedModel, sample_mvn

FITTED = 600
"""Largest number of evaluations that a rule is fitted to, drawn at random: time grows with their cube."""

FEWEST = 20
"""Smallest number of evaluations from which a rule is estimated."""

_DRAWS = 2000
_ALL_AT_ONCE = 0.95


@dataclass(frozen=True)
class Family:
    """The estimate of one part of a rule.

    Attributes:
        name: "depth shares", "width shares" or "depth to width".
        quantities: the coordinates of its optimum.
        gain: score at the optimum minus the score without a rule, see ``uniform`` of
            :class:`rnas.scaling_rules._design_matrix.RulePart`, in the score's units, with its 90 % interval.
        gain_published: the same for RobustScaling's shares; None if these are not defined or outside the searched
            range.
        p_value: p-value of the hypothesis that the part has no effect given FLOPs and params, corrected for the number
            of parts (Holm).
        p_value_flops: the same, given FLOPs alone.
        verdict: the conclusion from all of these.
        evaluations_needed: approximate number of evaluations that would decide, if the part is not identified.
        needed_is_least: whether that number is only a lower bound, see :class:`rnas.scaling_rules.verdict.Needed`.
    """

    name: str
    quantities: tuple[Quantity, ...]
    gain: Interval
    gain_published: Interval | None
    p_value: float
    p_value_flops: float
    verdict: Verdict
    evaluations_needed: int | None
    needed_is_least: bool


@dataclass(frozen=True)
class Optima:
    """Draws of the optimum of one part.

    Attributes:
        draws: (k, c) coordinates of the drawn optima.
        gain: gain of the likeliest optimum over uniform shares.
        gain_published: gain of RobustScaling's shares over uniform shares.
    """

    draws: Floats
    gain: Interval
    gain_published: Interval | None


def fitted_to(observations: Observations, seed: int = 0) -> Observations:
    """Return all observations, or a random subset if there are more than a rule is fitted to.

    Raises:
        InputError: there are too few observations, or all scores are equal.
    """
    if len(observations) < FEWEST:
        raise InputError(f"{len(observations)} evaluations of residual networks; a rule needs at least {FEWEST}")
    if np.ptp(observations.score) == 0:
        raise InputError(f"all {len(observations)} evaluations have the same {observations.metric}; nothing to explain")
    if len(observations) <= FITTED:
        return observations
    rows: Integers = np.sort(np.random.default_rng(seed).choice(len(observations), FITTED, replace=False))
    return observations[rows]


def design_of(observations: Observations, rule: Rule, seed: int = 0) -> DesignMatrix:
    """Return the design matrix of the fitted observations; ``rule`` is the rule that the estimate is compared with.

    Raises:
        InputError: there are too few observations, or all scores or all shares are equal.
    """
    observations = fitted_to(observations, seed)
    parts = parts_of(observations, rule)
    if not parts:
        raise InputError("all networks have the same shares of depth and width; there is no rule to read from them")
    return DesignMatrix(observations, parts)


def families_of(design: DesignMatrix, seed: int = 0) -> tuple[Family, ...]:
    """Estimate every part of a rule that varies in a design, with its verdict.

    Args:
        design: the design to estimate from.
        seed: seed of the draws.
    """
    rng = np.random.default_rng(seed)
    optima = optima_of(design, rng)
    p_values = holm([_p_value(design, part, CAPACITY, rng) for part in design.parts])
    p_values_flops = holm([_p_value(design, part, (FLOPS,), rng) for part in design.parts])
    found = []
    for part, p_value, p_value_flops in zip(design.parts, p_values, p_values_flops, strict=True):
        optimum = optima[part.name]
        quantities = _quantities(part, optimum.draws)
        verdict = verdict_on(quantities, optimum.gain, p_value, p_value_flops, part.rounding)
        needed = None
        if verdict is Verdict.NOT_IDENTIFIED:
            needed = evaluations_needed(quantities, optimum.gain, p_value, part.rounding, len(design.observations))
        found.append(
            Family(
                name=part.name,
                quantities=quantities,
                gain=optimum.gain,
                gain_published=optimum.gain_published,
                p_value=p_value,
                p_value_flops=p_value_flops,
                verdict=verdict,
                evaluations_needed=needed.evaluations if needed is not None else None,
                needed_is_least=needed is not None and needed.at_least,
            )
        )
    return tuple(found)


def optima_of(design: DesignMatrix, rng: np.random.Generator) -> Mapping[str, Optima]:
    """Draw the optimum of every part, by the name of the part."""
    return {part.name: _optima(design, part, rng) for part in design.parts}


def _optima(design: DesignMatrix, part: RulePart, rng: np.random.Generator) -> Optima:
    # Nothing is known about a point outside the searched range.
    known = part.published is not None and inside(part.published, part.grid)
    marked = [part.uniform, part.published] if part.published is not None and known else [part.uniform]
    places = np.concatenate([part.grid, np.stack(marked)])
    crossed = [matern(places, length, part.values) for length in LENGTHS]
    own = [matern(places, length) for length in LENGTHS]
    mean, covariance = design.model.posterior(design.part_functions(part), crossed, own)
    values = sample_mvn(mean, covariance, _DRAWS, rng)
    m = len(part.grid)
    likeliest = int(mean[:m].argmax())
    gain_published = interval_of(values[m + 1] - values[m]) if known else None
    return Optima(part.grid[values[:m].argmax(axis=0)], interval_of(values[likeliest] - values[m]), gain_published)


def _quantities(part: RulePart, draws: Floats) -> tuple[Quantity, ...]:
    level = 1 - (1 - _ALL_AT_ONCE) / len(part.quantities)
    edges = at_ends(draws, part.grid)
    return tuple(
        Quantity(
            name=name,
            optimum=interval_of(draws[:, column]),
            wide=interval_of(draws[:, column], level),
            published=None if part.published is None else float(part.published[column]),
            at_edge=float(edges[column]),
        )
        for column, name in enumerate(part.quantities)
    )


def _p_value(design: DesignMatrix, part: RulePart, capacity: Sequence[int], rng: np.random.Generator) -> float:
    """Test that a part has no effect, given some of the capacity, the blocks and the other parts."""
    others = [*design.of_capacity(capacity), *design.of_blocks(), *design.of_parts(without=part.name), design.of_all]
    return MixedModel(design.observations.score, design.fixed(capacity), others).p_value(design.test(part), rng)
