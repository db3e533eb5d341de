"""Test which networks differ: Tukey's test of all pairs, with variances pooled over networks.

Three seeds have too little power for tests of single pairs. Here all networks share one estimate of the noise. The
chance that any two equal networks are called distinguishable is at most 5 % over all pairs together (J. W. Tukey, "The
problem of multiple comparisons", 1953). If numbers of seeds differ, the test is that of C. Y. Kramer (Biometrics,
1957), which is conservative (A. J. Hayter, Annals of Statistics, 1984).
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.optimize import brentq
from scipy.stats import chi2, norm, studentized_range
from scipy.stats import t as student

from rnas._typing import Bools, Floats
from rnas.statistics.crossed import Rights, Variance, compared_variances, mean_variances, means, seed_degrees

LEVEL = 0.05
"""Chance that any two equal networks are called distinguishable."""

POWER = 0.8
"""Chance that the smallest detectable gap is found."""

_TABLE = (30, 40, 60, 120, 1_000)
_QUANTILES = 200


@dataclass(frozen=True)
class Pair:
    """Hold the comparison of two networks.

    Attributes:
        first: row of the first network.
        second: row of the second network.
        difference: accuracy of the first minus that of the second.
        low: lower end of the simultaneous interval, which covers all pairs together with confidence 1 - level; at
            least -1.
        high: upper end of the interval; at most 1.
        p_value: Tukey's p-value, for all pairs together.
        apart: whether the networks are distinguishable.
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
    """Hold statistics of the accuracies of several networks.

    Nothing is tested for a single network, or if the pooled variance is 0: noise may exist that the data do not show.

    Attributes:
        means: accuracy of each network, over seeds and images; see :func:`rnas.statistics.crossed.means`.
        half_widths: half-width of each mean's 95 % interval by Student's t, for other seeds and other images; None if
            the variance of the means is 0.
        variance: variance of a mean in the comparison of networks; None if nothing is tested. If numbers of seeds
            differ, this and the next two values are those of the pair with the smallest variance.
        critical: difference from which two networks are distinguishable; None if nothing is tested.
        detectable: difference that such an experiment finds in 80 % of cases; None if nothing is tested.
        pairs: all pairs, first before second; empty if nothing is tested.
        groups: letters of each network; two that share one are indistinguishable. Empty if nothing is tested.
    """

    means: tuple[float, ...]
    half_widths: tuple[float | None, ...]
    variance: Variance | None
    critical: float | None
    detectable: float | None
    pairs: tuple[Pair, ...]
    groups: tuple[str, ...]


def analyse(right: Rights, level: float = LEVEL) -> Analysis:
    """Compare networks that were trained with the same seeds and attacked on the same images.

    Args:
        right: for each network, whether it is right, (seeds, images), with the first seeds of the list; at least two
            seeds and two images.
        level: chance that any two equal networks are called distinguishable.

    Raises:
        ValueError: there are fewer seeds or images.
    """
    average = means(right)
    half_widths = tuple(map(_half_width, mean_variances(right)))
    variances = compared_variances(right) if len(right) > 1 else {}
    if not any(variance.known for variance in variances.values()):
        return Analysis(tuple(average.tolist()), half_widths, None, None, None, (), ("",) * len(right))
    critical = _critical(len(right), variances, level)
    best = min(variances, key=lambda pair: critical[pair])
    return Analysis(
        tuple(average.tolist()),
        half_widths,
        variances[best],
        float(critical[best]),
        detectable(len(right), seed_degrees(right), variances[best], level),
        _pairs(average, variances, critical),
        compact_letters(average.tolist(), critical),
    )


def distinguishable(right: Rights, level: float) -> Bools:
    """Return which pairs of networks are distinguishable, (networks, networks); see :func:`analyse`."""
    return _apart(means(right), _critical(len(right), compared_variances(right), level))


def critical_range(networks: int, variance: Variance, level: float = LEVEL) -> float:
    """Return the range of equal networks' means, in standard deviations, exceeded with a chance of the level."""
    return _range_quantile(networks, _whole(variance), level)


def detectable(networks: int, seed_degrees: int, variance: Variance, level: float = LEVEL) -> float:
    """Return a difference of two networks that at least 80 % of experiments like this one find.

    The estimates of the variance vary both in this experiment and in the one that looks for the difference; the chance
    is over both. Each estimate is taken to have only the degrees of freedom that seeds alone would give.

    Args:
        networks: number of compared networks.
        seed_degrees: degrees of freedom of the seeds alone.
        variance: variance that this experiment estimates.
        level: level of the test.
    """
    degrees = _whole(Variance(variance.value, seed_degrees))
    threshold = _range_quantile(networks, degrees, level) / math.sqrt(2)
    return _distance(threshold, degrees) * math.sqrt(2 * variance.value)


def compact_letters(means: Sequence[float], critical: float | Floats) -> tuple[str, ...]:
    """Return letters of each network: two share one exactly if they differ by at most their critical difference.

    The letters follow H.-P. Piepho (Journal of Computational and Graphical Statistics, 2004): a group that contains two
    networks that differ becomes two groups, each without one of them. The best network has ``a``.

    Args:
        means: accuracies of the networks.
        critical: one difference for all pairs, or (networks, networks).
    """
    apart = _apart(np.array(means), critical)
    order = sorted(range(len(means)), key=lambda row: -means[row])
    ranks = {frozenset(range(len(means)))}
    for first, second in itertools.combinations(range(len(means)), 2):
        if apart[order[first], order[second]]:
            both = {group for group in ranks if first in group and second in group}
            ranks = (ranks - both) | {group - {one} for group in both for one in (first, second)}
            ranks = {group for group in ranks if not any(group < other for other in ranks)}
    letters = [""] * len(means)
    for number, group in enumerate(sorted(ranks, key=sorted)):
        for place in group:
            letters[order[place]] += letter(number)
    return tuple(letters)


def letter(number: int) -> str:
    """Return ``a`` to ``z``, then ``A`` to ``Z``; raise ValueError beyond them."""
    if number >= 52:
        raise ValueError("more groups than letters")
    return chr(ord("a") + number) if number < 26 else chr(ord("A") + number - 26)


def _half_width(variance: Variance) -> float | None:
    if not variance.known:
        return None
    return float(student.ppf(1 - LEVEL / 2, variance.degrees)) * math.sqrt(variance.value)


def _apart(average: Floats, critical: float | Floats) -> Bools:
    apart: Bools = np.abs(average[:, None] - average) > critical
    return apart


def _critical(networks: int, variances: Mapping[tuple[int, int], Variance], level: float) -> Floats:
    """Return the difference from which two networks are distinguishable, (networks, networks); infinite if unknown."""
    critical = np.zeros((networks, networks))
    for (first, second), variance in variances.items():
        critical[first, second] = (
            critical_range(networks, variance, level) * math.sqrt(variance.value) if variance.known else math.inf
        )
    return critical + critical.T


def _pairs(average: Floats, variances: Mapping[tuple[int, int], Variance], critical: Floats) -> tuple[Pair, ...]:
    found = []
    for (first, second), variance in variances.items():
        difference, limit = float(average[first] - average[second]), float(critical[first, second])
        found.append(
            Pair(
                first,
                second,
                difference,
                max(difference - limit, -1.0),
                min(difference + limit, 1.0),
                _p_value(difference, len(average), variance),
                abs(difference) > limit,
            )
        )
    return tuple(found)


def _p_value(difference: float, networks: int, variance: Variance) -> float:
    p_value = float(studentized_range.sf(abs(difference) / math.sqrt(variance.value), networks, _whole(variance)))
    return min(max(p_value, 0.0), 1.0)


def _whole(variance: Variance) -> int:
    # Quantiles take a tenth of a second each, so they are cached, and many degrees of freedom are rounded down to a few
    # numbers, as in printed tables. Rounding down is conservative; the small constant guards against rounding errors.
    degrees = math.floor(max(variance.degrees, 1.0) + 1e-6)
    return degrees if degrees <= _TABLE[0] else max(entry for entry in _TABLE if entry <= degrees)


@lru_cache(maxsize=1_000)
def _range_quantile(networks: int, degrees: int, level: float) -> float:
    return float(studentized_range.ppf(1 - level, networks, degrees))


@lru_cache(maxsize=1_000)
def _distance(threshold: float, degrees: int) -> float:
    """Return the distance of two means that is detected with the power, in true standard deviations of a mean."""
    quantiles = (np.arange(_QUANTILES) + 0.5) / _QUANTILES
    estimated = np.sqrt(chi2.ppf(quantiles, degrees) / degrees)

    def missing(distance: float) -> float:
        # Rows are estimates of this experiment; columns are estimates of the one that looks for the difference.
        off, limit = distance * estimated[:, None], threshold * estimated
        return POWER - float(np.mean(norm.sf(limit - off) + norm.sf(limit + off)))

    return float(brentq(missing, 0.0, 10 * threshold + 10, xtol=1e-4))
