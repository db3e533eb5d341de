"""Whether the optimum moves with the length of training: rules at every rung."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from rnas.scaling_rules.design_matrix import DesignMatrix
from rnas.scaling_rules.estimate import Family, optima_of
from rnas.scaling_rules.shares import interval_of
from rnas.scaling_rules.verdict import Verdict
from rnas.statistics.interval import Interval


@dataclass(frozen=True)
class Drift:
    """How far the optimum of one quantity is elsewhere at a lower rung.

    Attributes:
        quantity: such as "D3".
        rungs_above: of the lower rung; 1 is the next to the highest.
        optimum: there.
        shift: from the highest rung's; 90 %.
    """

    quantity: str
    rungs_above: int
    optimum: Interval
    shift: Interval

    @property
    def found(self) -> bool:
        """Whether the interval excludes no shift."""
        return self.shift.excludes_zero


def drifts(highest: DesignMatrix, lower: Sequence[DesignMatrix], seed: int = 0) -> tuple[Drift, ...]:
    """The drift of every quantity from each lower rung, the next to the highest first."""
    found = []
    draws = [_draws(design, seed + number) for number, design in enumerate((highest, *lower))]
    for rungs_above, below in enumerate(draws[1:], start=1):
        for name in draws[0].keys() & below.keys():
            # Independent of each other, so that their differences are draws of the shift.
            shift = below[name] - draws[0][name]
            found.append(Drift(name, rungs_above, interval_of(below[name]), interval_of(shift)))
    return tuple(sorted(found, key=lambda drift: (drift.rungs_above, drift.quantity)))


def _draws(design: DesignMatrix, seed: int) -> dict[str, np.ndarray]:
    optima = optima_of(design, np.random.default_rng(seed))
    return {
        name: optima[part.name].draws[:, column] for part in design.parts for column, name in enumerate(part.quantities)
    }


def at_this_fidelity(family: Family, found: Sequence[Drift]) -> Family:
    """A family whose verdict is withdrawn where one of its quantities drifts."""
    moving = {drift.quantity for drift in found if drift.found}
    claims = family.verdict not in (Verdict.NOT_IDENTIFIED, Verdict.CAPACITY)
    if claims and any(quantity.name in moving for quantity in family.quantities):
        return replace(family, verdict=Verdict.NOT_AT_THIS_FIDELITY)
    return family
