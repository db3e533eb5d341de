"""Decide on one part of a rule."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.stats import norm

from rnas.nas._side_files import Verdict as Verdict
from rnas.statistics.interval import Interval

LEVEL = 0.05
"""Probability, over all parts of a rule together, that an effect is claimed that does not exist."""

MARGIN = 0.05
"""Largest difference of a share or of r_D that counts as equal, apart from rounding to whole depths and widths."""

_POWER = 0.8
_WEAKEST = 0.5
_AT_LEAST = 1.5


@dataclass(frozen=True)
class Quantity:
    """One coordinate of a rule's optimum.

    Attributes:
        name: D1, D2, ... for shares of depth, W1, W2, ... for shares of width, or r_D.
        optimum: the value with the highest score, adjusted for FLOPs, params and block, with its 90 % interval.
        wide: its interval at the level at which the intervals of all quantities of the part hold together with 95 %.
        published: RobustScaling's value; None for networks of two or four stages.
        at_edge: probability in [0, 1] that the optimum is at an end of the searched range.
    """

    name: str
    optimum: Interval
    wide: Interval
    published: float | None
    at_edge: float


def verdict_on(
    quantities: Sequence[Quantity], gain: Interval, p_value: float, p_value_flops: float, rounding: float
) -> Verdict:
    """Return the verdict on a part.

    Args:
        quantities: quantities of the part.
        gain: gain of the optimum over uniform shares.
        p_value: p-value of the hypothesis that the part has no effect given FLOPs and params, corrected for the number
            of parts.
        p_value_flops: the same, given FLOPs alone.
        rounding: rounding of the part, see :class:`rnas.scaling_rules._design_matrix.RulePart`.
    """
    if p_value > LEVEL:
        return Verdict.CAPACITY if p_value_flops <= LEVEL else Verdict.NOT_IDENTIFIED
    if gain.low <= 0:
        return Verdict.NOT_IDENTIFIED
    if any(quantity.at_edge > 0.5 for quantity in quantities):
        return Verdict.EDGE
    published = [(quantity, quantity.published) for quantity in quantities if quantity.published is not None]
    if not published:
        return Verdict.IDENTIFIED
    margin = MARGIN + rounding
    if all(quantity.optimum.within(value - margin, value + margin) for quantity, value in published):
        return Verdict.AGREES
    if any(quantity.wide.excludes(value - rounding, value + rounding) for quantity, value in published):
        return Verdict.DIFFERS
    return Verdict.NOT_IDENTIFIED


@dataclass(frozen=True)
class Needed:
    """The number of evaluations that would decide on a part.

    Attributes:
        evaluations: approximate number, rounded up to two digits.
        at_least: whether the number is only a lower bound, because the effect or the gain is too weak to be measured.
    """

    evaluations: int
    at_least: bool


def evaluations_needed(
    quantities: Sequence[Quantity], gain: Interval, p_value: float, rounding: float, evaluations: int
) -> Needed:
    """Estimate how many evaluations of this design and noise would decide, if the estimates were the truth.

    The result is the largest of three numbers: until the effect of the part is significant with a power of 80 %, until
    the interval of the gain excludes 0, and until every interval is narrower than the margin of equivalence. Each
    follows from the square root law. The result is at least 1.5 times the present number. An effect or a gain below
    half of its noise is replaced by half of its noise; a number that follows from it is only a lower bound.
    """
    wanted = float(norm.isf(LEVEL) + norm.isf(1 - _POWER))
    effect, worth = float(norm.isf(p_value)), gain.value / max(gain.half_width, 1e-12)
    factors = [
        (wanted / max(effect, _WEAKEST), effect < _WEAKEST),
        (1 / max(worth, _WEAKEST), worth < _WEAKEST),
        (max(quantity.optimum.half_width for quantity in quantities) / (MARGIN + rounding), False),
    ]
    factor, at_least = max(factors)
    number = evaluations * max(factor**2, _AT_LEAST)
    digits = 10 ** max(int(math.log10(number)) - 1, 0)
    return Needed(int(math.ceil(number / digits) * digits), at_least)
