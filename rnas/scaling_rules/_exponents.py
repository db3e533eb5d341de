"""Estimate how depth and width grow with the budget, as exponents of FLOPs."""

from dataclasses import dataclass

import numpy as np

from rnas._typing import Floats
from rnas.scaling_rules._design_matrix import CAPACITY, DEPTH_TO_WIDTH, LENGTHS, DesignMatrix, matern, standardised
from rnas.scaling_rules.shares import at_ends, interval_of
from rnas.statistics.interval import Interval
from rnas.statistics.mixed_model import MixedModel, sample_mvn

_DRAWS = 2000
_SEVERAL = np.log(2)
_ENDS = (0.1, 0.9)
_EDGE = 0.5


@dataclass(frozen=True)
class Exponents:
    """Exponents by which the sums of depths and of widths grow with FLOPs, at the best r_D of each budget.

    If the best r_D is the same at all budgets, both are about a third, since FLOPs are proportional to depth times
    width squared.

    Attributes:
        depth: exponent of the sum of depths, with its 90 % interval.
        width: exponent of the sum of widths, with its 90 % interval.
        flops: smallest and largest budget that they are estimated between, without the tenth of the networks at either
            end.
    """

    depth: Interval
    width: Interval
    flops: tuple[float, float]


def exponents(design: DesignMatrix, rng: np.random.Generator) -> Exponents | None:
    """Estimate the exponents.

    They are None if FLOPs span less than a factor of two, or if the best r_D may be outside the space.
    """
    observations = design.observations
    part = next((part for part in design.parts if part.name == DEPTH_TO_WIDTH), None)
    budget = np.log(observations.flops)
    low, high = np.quantile(budget, _ENDS)
    if part is None or high - low < _SEVERAL:
        return None
    # One function of r_D changes with the budget, in addition to one that does not.
    capacity = design.of_capacity(CAPACITY)
    scaled = standardised(budget[:, None])[:, 0]
    r = part.values
    own = [matern(r, length) for length in LENGTHS]
    drifting = [covariance * np.outer(scaled, scaled) for covariance in own]
    others = [*capacity, *design.of_blocks(), *design.of_parts(without=DEPTH_TO_WIDTH), design.of_all]
    model = MixedModel(observations.score, design.fixed(CAPACITY), [*others, *own, *drifting])
    functions = [len(others) + number for number in range(2 * len(LENGTHS))]
    ends = (np.array([low, high]) - budget.mean()) / budget.std()
    places = np.concatenate([part.grid, part.grid])
    levels = np.repeat(ends, len(part.grid))
    across = [matern(places, length, r) for length in LENGTHS]
    among = [matern(places, length) for length in LENGTHS]
    mean, covariance = model.posterior(
        functions,
        [*across, *(block * np.outer(levels, scaled) for block in across)],
        [*among, *(block * np.outer(levels, levels) for block in among)],
    )
    values = sample_mvn(mean, covariance, _DRAWS, rng)
    best = [part.grid[half.argmax(axis=0), 0] for half in np.split(values, 2)]
    if any(at_ends(r_best[:, None], part.grid).max() > _EDGE for r_best in best):
        return None
    growth = [
        _growth(total.sum(axis=1), budget, r[:, 0], (low, high), best)
        for total in (observations.depths, observations.widths)
    ]
    return Exponents(interval_of(growth[0]), interval_of(growth[1]), (float(np.exp(low)), float(np.exp(high))))


def _growth(total: Floats, budget: Floats, r: Floats, ends: tuple[float, float], best: list[Floats]) -> Floats:
    """Compute the exponents (k,) in FLOPs of a sum (n,) between two budgets, given the best r_D (k,) at each.

    Log FLOPs and r_D almost determine the sum, so that it is predicted by a regression over the networks.
    """

    def columns(flops: Floats, share: Floats) -> Floats:
        odds = np.log(np.clip(share, 1e-3, 1 - 1e-3) / (1 - np.clip(share, 1e-3, 1 - 1e-3)))
        return np.column_stack([np.ones_like(flops), flops, odds, odds**2])

    weights = np.linalg.lstsq(columns(budget, r), np.log(total), rcond=None)[0]
    at_ends = [columns(np.full(len(share), end), share) @ weights for end, share in zip(ends, best, strict=True)]
    return np.asarray((at_ends[1] - at_ends[0]) / (ends[1] - ends[0]))
