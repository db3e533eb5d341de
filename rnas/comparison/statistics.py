"""Which networks differ: Tukey's test of all pairs, with variances pooled over networks.

Three seeds have no power one pair at a time. Here all networks share one estimate of the noise, and the chance that any
two equal ones are told apart is at most 5 % over all pairs together (J. W. Tukey, "The problem of multiple
comparisons", 1953).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.optimize import brentq
from scipy.stats import chi2, norm, studentized_range
from scipy.stats import t as student

from rnas.comparison.crossed import Bools, Floats, Variance, compared_variance, mean_variance

LEVEL = 0.05
"""Chance that any two networks that are equal are told apart."""

POWER = 0.8
"""Chance that the smallest detectable gap is found."""

_TABLE = (30, 40, 60, 120, 1_000)
_QUANTILES = 200


@dataclass(frozen=True)
class Pair:
    """Two networks.

    Attributes:
        first: row of the one.
        second: row of the other.
        difference: accuracy of the first minus that of the second.
        low: end of the interval that holds all pairs' differences at once with 95 % confidence.
        high: likewise.
        p_value: Tukey's, for all pairs together.
        apart: whether they are told apart.
    """

    first: int
    second: int
    difference: float
    low: float
    high: float
    p_value: float
    apart: bool


@dataclass(frozen=True)
class Analysis:
    """What accuracies of several networks say.

    Attributes:
        means: accuracy of each in [0, 1], over seeds and images.
        half_width: of each mean's 95 % interval, by Student's t; for other seeds and other images.
        variance: of a mean where networks are compared; None of one network.
        critical: difference from which two are told apart; None of one network.
        detectable: difference that such an experiment finds in 80 % of cases; None of one network.
        pairs: all of them, first before second; none of one network.
        groups: letters of each network; two that share one are not told apart.
    """

    means: tuple[float, ...]
    half_width: float
    variance: Variance | None
    critical: float | None
    detectable: float | None
    pairs: tuple[Pair, ...]
    groups: tuple[str, ...]


def analyse(right: Bools) -> Analysis:
    """Compare networks that were trained with the same seeds and attacked on the same images.

    Args:
        right: whether a network is right, (networks, seeds, images), at least two seeds and two images.

    Raises:
        ValueError: there are fewer.
    """
    means = tuple(right.mean(axis=(1, 2)).tolist())
    own = mean_variance(right)
    half_width = float(student.ppf(1 - LEVEL / 2, own.degrees)) * math.sqrt(own.value)
    if len(right) < 2:
        return Analysis(means, half_width, None, None, None, (), ("a",))
    variance = compared_variance(right)
    networks = len(right)
    critical = critical_range(networks, variance) * math.sqrt(variance.value)
    return Analysis(
        means,
        half_width,
        variance,
        critical,
        detectable(right.shape[0], right.shape[1], variance),
        _pairs(np.array(means), variance, critical),
        compact_letters(means, critical),
    )


def critical_range(networks: int, variance: Variance) -> float:
    """How many standard deviations of a mean apart the farthest of equal networks are with a chance of 5 %."""
    return _range_quantile(networks, _whole(variance))


def detectable(networks: int, seeds: int, variance: Variance) -> float:
    """A difference of two networks that is found in at least 80 % of experiments such as the one of the variance.

    The estimates of the variance scatter in both experiments, this one and the one that looks for the difference, and
    the chance is over both. Each is taken to have no more degrees of freedom than seeds alone would give.

    Args:
        networks: how many are compared.
        seeds: of each.
        variance: as this experiment estimates it.
    """
    degrees = _whole(Variance(variance.value, (networks - 1) * (seeds - 1)))
    threshold = _range_quantile(networks, degrees) / math.sqrt(2)
    return _distance(threshold, degrees) * math.sqrt(2 * variance.value)


def compact_letters(means: Sequence[float], critical: float) -> tuple[str, ...]:
    """Letters of each network: two share one exactly where they differ by no more than the critical difference.

    The best has ``a``. One critical difference for all pairs makes every group a run of neighbours.
    """
    order = sorted(range(len(means)), key=lambda row: -means[row])
    letters = [""] * len(means)
    reached = -1
    number = 0
    for place, row in enumerate(order):
        last = max(other for other in range(place, len(order)) if means[row] - means[order[other]] <= critical)
        # A run that ends where the one before it does is a part of it.
        if last > reached:
            for other in order[place : last + 1]:
                letters[other] += letter(number)
            reached, number = last, number + 1
    return tuple(letters)


def letter(number: int) -> str:
    """``a`` to ``z``, and then ``A`` to ``Z``; ValueError beyond them."""
    if number >= 52:
        raise ValueError("more groups than letters")
    return chr(ord("a") + number) if number < 26 else chr(ord("A") + number - 26)


def _pairs(means: Floats, variance: Variance, critical: float) -> tuple[Pair, ...]:
    rows = [(first, second) for first in range(len(means)) for second in range(first + 1, len(means))]
    differences = np.array([means[first] - means[second] for first, second in rows])
    if variance.value:
        ranges = np.abs(differences) / math.sqrt(variance.value)
        p_values = studentized_range.sf(ranges, len(means), _whole(variance))
    else:
        p_values = np.where(differences == 0, 1.0, 0.0)
    return tuple(
        Pair(
            first,
            second,
            float(difference),
            float(difference) - critical,
            float(difference) + critical,
            min(max(float(p_value), 0.0), 1.0),
            abs(float(difference)) > critical,
        )
        for (first, second), difference, p_value in zip(rows, differences, p_values, strict=True)
    )


def _whole(variance: Variance) -> int:
    # Quantiles take a tenth of a second each, so that they are kept, and as in printed tables many degrees of freedom
    # are rounded down to a few numbers, which is on the safe side.
    degrees = round(max(variance.degrees, 1.0))
    return degrees if degrees <= _TABLE[0] else max(entry for entry in _TABLE if entry <= degrees)


@lru_cache(maxsize=1_000)
def _range_quantile(networks: int, degrees: int) -> float:
    return float(studentized_range.ppf(1 - LEVEL, networks, degrees))


@lru_cache(maxsize=1_000)
def _distance(threshold: float, degrees: int) -> float:
    """Of two means in true standard deviations of their difference, as this experiment estimates them."""
    quantiles = (np.arange(_QUANTILES) + 0.5) / _QUANTILES
    estimated = np.sqrt(chi2.ppf(quantiles, degrees) / degrees)

    def missing(distance: float) -> float:
        # Rows are this experiment's estimates, columns those of the one that looks for the difference.
        off, limit = distance * estimated[:, None], threshold * estimated
        return POWER - float(np.mean(norm.sf(limit - off) + norm.sf(limit + off)))

    return float(brentq(missing, 0.0, 10 * threshold + 10, xtol=1e-4))
