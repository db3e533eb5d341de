"""What may be said of one part of a rule."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from scipy.stats import norm

from rnas.statistics.interval import Interval

LEVEL = 0.05
"""Probability, over all parts of a rule together, to claim anything where there is nothing."""

MARGIN = 0.05
"""Difference of a share or of r_D that counts as none, rounding to whole depths and widths aside."""

_POWER = 0.8
_WEAKEST = 0.5
_AT_LEAST = 1.5


class Verdict(Enum):
    """On one part of a rule, beside RobustScaling."""

    AGREES = "agrees with RobustScaling"
    DIFFERS = "differs from RobustScaling"
    IDENTIFIED = "identified; RobustScaling says nothing for so many stages"
    CAPACITY = "explained by capacity"
    EDGE = "at the edge of the space"
    NOT_IDENTIFIED = "not identified"
    NOT_AT_THIS_FIDELITY = "not identified at this fidelity"

    @property
    def claims(self) -> bool:
        """Whether it says that shares or r_D matter beside capacity."""
        return self in (Verdict.AGREES, Verdict.DIFFERS, Verdict.IDENTIFIED, Verdict.EDGE)


@dataclass(frozen=True)
class Quantity:
    """One number of a rule's optimum.

    Attributes:
        name: D1, D2, ... and W1, W2, ... are shares that sum to 1; r_D.
        optimum: where the score is highest, adjusted for FLOPs, params and block; 90 %.
        wide: the interval that holds all quantities of its part at once with 95 %.
        published: RobustScaling's value; None for networks of two or four stages.
        at_edge: probability in [0, 1] that the optimum is at an end of what was searched.
    """

    name: str
    optimum: Interval
    wide: Interval
    published: float | None
    at_edge: float


def verdict_on(
    quantities: Sequence[Quantity], gain: Interval, p_value: float, p_value_flops: float, rounding: float
) -> Verdict:
    """The verdict on a part.

    Args:
        quantities: of the part.
        gain: of the optimum over uniform shares.
        p_value: that the part does not matter given FLOPs and params, corrected for the number of parts.
        p_value_flops: the same given FLOPs alone.
        rounding: see :class:`rnas.scaling_rules.design_matrix.RulePart`.
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
    if any(quantity.wide.beside(value - rounding, value + rounding) for quantity, value in published):
        return Verdict.DIFFERS
    return Verdict.NOT_IDENTIFIED


@dataclass(frozen=True)
class Needed:
    """How many evaluations would decide.

    Attributes:
        evaluations: about so many, rounded up to two digits.
        at_least: whether this is a lower bound alone, of an effect or a gain too weak to tell how weak it is.
    """

    evaluations: int
    at_least: bool


def evaluations_needed(
    quantities: Sequence[Quantity], gain: Interval, p_value: float, rounding: float, evaluations: int
) -> Needed:
    """How many evaluations of this design and noise would decide, were the truth as estimated.

    Of three numbers the largest: until the part's effect is significant with a power of 80 %, until the gain's interval
    excludes 0, and until every interval is narrower than the margin of equivalence; each by the square root law, and at
    least half as many again. An effect or a gain of less than half its noise is taken for one of half, which makes the
    number a lower bound where it comes from there.
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
