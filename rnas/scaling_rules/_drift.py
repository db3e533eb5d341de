"""Estimate how the optimum of a rule moves with the length of training, from rung to rung."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from rnas.scaling_rules._design_matrix import DesignMatrix
from rnas.scaling_rules.estimate import Family, optima_of
from rnas.scaling_rules.shares import interval_of
from rnas.scaling_rules.verdict import Verdict
from rnas.statistics.interval import Interval


@dataclass(frozen=True)
class Drift:
    """The shift of the optimum of one quantity at a lower rung.

    Attributes:
        quantity: name of the quantity, such as "D3".
        below_highest: number of rungs between the lower rung and the highest, from 1.
        optimum: the optimum at the lower rung.
        shift: the optimum at the lower rung minus that at the highest rung, with its 90 % interval.
    """

    quantity: str
    below_highest: int
    optimum: Interval
    shift: Interval

    @property
    def found(self) -> bool:
        """Return whether the interval of the shift excludes 0."""
        return self.shift.excludes_zero


def drifts(highest: DesignMatrix, lower: Sequence[DesignMatrix], seed: int = 0) -> tuple[Drift, ...]:
    """Estimate the drift of every quantity at each lower rung; the rung just below the highest comes first."""
    found = []
    draws = [_draws(design, seed + number) for number, design in enumerate((highest, *lower))]
    for below_highest, below in enumerate(draws[1:], start=1):
        for name in draws[0].keys() & below.keys():
            # The draws are independent of each other, so that their differences are draws of the shift.
            shift = below[name] - draws[0][name]
            found.append(Drift(name, below_highest, interval_of(below[name]), interval_of(shift)))
    return tuple(sorted(found, key=lambda drift: (drift.below_highest, drift.quantity)))


def _draws(design: DesignMatrix, seed: int) -> dict[str, np.ndarray]:
    optima = optima_of(design, np.random.default_rng(seed))
    return {
        name: optima[part.name].draws[:, column] for part in design.parts for column, name in enumerate(part.quantities)
    }


def at_this_fidelity(family: Family, found: Sequence[Drift]) -> Family:
    """Withdraw a family's verdict if one of its quantities drifts."""
    moving = {drift.quantity for drift in found if drift.found}
    claims = family.verdict not in (Verdict.NOT_IDENTIFIED, Verdict.CAPACITY)
    if claims and any(quantity.name in moving for quantity in family.quantities):
        return replace(family, verdict=Verdict.NOT_AT_THIS_FIDELITY)
    return family
