"""The model-based estimate of a rule: a smooth function of each part, beside capacity and block.

The score is a sum of a function of FLOPs and params, an effect of each block variable, smooth functions of depth
shares, of width shares and of r_D, a function of everything that takes up what a sum cannot, and noise: a Gaussian
process of variance components, :mod:`rnas.statistics.mixed_model`. Nothing is assumed of the functions' form. Draws of
a part's function, given all results, have their optima somewhere; where, is the interval.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rnas._typing import Floats, Integers
from rnas.errors import InputError
from rnas.networks.robust_scaling import Rule
from rnas.scaling_rules.design_matrix import CAPACITY, FLOPS, LENGTHS, DesignMatrix, RulePart, matern, parts_of
from rnas.scaling_rules.observations import Observations
from rnas.scaling_rules.shares import at_ends, inside, interval_of
from rnas.scaling_rules.verdict import Quantity, Verdict, evaluations_needed, verdict_on
from rnas.statistics.holm import holm
from rnas.statistics.interval import Interval
from rnas.statistics.mixed_model import MixedModel, sample_mvn

FITTED = 600
"""Most evaluations that a rule is fitted to, drawn at random: time grows with their cube."""

FEWEST = 20
"""Fewest evaluations from which anything is estimated."""

_DRAWS = 2000
_ALL_AT_ONCE = 0.95


@dataclass(frozen=True)
class Family:
    """What is found of one part of a rule.

    Attributes:
        name: "depth shares", "width shares" or "depth to width".
        quantities: of its optimum.
        gain: score at the optimum less that without a rule, see ``uniform`` of
            :class:`rnas.scaling_rules.design_matrix.RulePart`, in the score's units; 90 %.
        gain_published: the same of RobustScaling's shares; None where it has none, or none that was searched.
        p_value: that the part does not matter given FLOPs and params; Holm over the parts.
        p_value_flops: the same given FLOPs alone.
        verdict: what may be said.
        evaluations_needed: about how many would decide, where it is not identified.
        needed_is_least: whether that is a lower bound alone, see :class:`rnas.scaling_rules.verdict.Needed`.
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
        draws: (k, c) coordinates.
        gain: of the likeliest optimum over uniform shares.
        gain_published: of RobustScaling's over uniform shares.
    """

    draws: Floats
    gain: Interval
    gain_published: Interval | None


def fitted_to(observations: Observations, seed: int = 0) -> Observations:
    """All observations, or as many as are fitted to, drawn at random.

    Raises:
        InputError: there are too few, or they do not differ.
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
    """The design of what is fitted to, see :func:`fitted_to`, with the parts of a rule to compare with.

    Raises:
        InputError: as there, or all networks have the same shares.
    """
    observations = fitted_to(observations, seed)
    parts = parts_of(observations, rule)
    if not parts:
        raise InputError("all networks have the same shares of depth and width; there is no rule to read from them")
    return DesignMatrix(observations, parts)


def families_of(design: DesignMatrix, seed: int = 0) -> tuple[Family, ...]:
    """Every part of a rule that the observations of a design show, with its verdict.

    Args:
        design: to estimate from.
        seed: of the draws.
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
    """Draws of the optimum of every part, by its name."""
    return {part.name: _optima(design, part, rng) for part in design.parts}


def _optima(design: DesignMatrix, part: RulePart, rng: np.random.Generator) -> Optima:
    # Of a place that was not searched nothing is known.
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
    """That a part does not matter, given some of the capacity, the blocks and the other parts."""
    others = [*design.of_capacity(capacity), *design.of_blocks(), *design.of_parts(without=part.name), design.of_all]
    return MixedModel(design.observations.score, design.fixed(capacity), others).p_value(design.test(part), rng)
