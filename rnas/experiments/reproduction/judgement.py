"""Judge whether a metric is reproduced, and where it lies among trainings with other seeds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.stats import binomtest
from scipy.stats import t as student

from rnas.statistics.interval import Interval

ReproductionStatus = Literal["reproduced exactly", "reproduced within the interval", "not reproduced", "not judged"]
"""Status of a recorded result or metric after it was evaluated again."""
EXACTLY: ReproductionStatus = "reproduced exactly"
WITHIN: ReproductionStatus = "reproduced within the interval"
NOT: ReproductionStatus = "not reproduced"
UNJUDGED: ReproductionStatus = "not judged"

LEAST_SEEDS = 2
LEVEL = 0.05
"""Probability at most that a result that holds is refuted by chance, all of its metrics together."""

_ROUNDING = 1e-3
_LEAST_ROUNDING = 1e-6
_EQUAL = 1e-12


@dataclass(frozen=True)
class SeedSpread:
    """Hold a recorded value and the values of trainings with other seeds.

    Attributes:
        values: values of the other seeds, at least two.
        interval: their mean, and the interval that ``1 - level`` of further trainings fall into, by Student's t. It
            covers the variation between trainings on these images, not that between images.
        place: place of the recorded value: ``inside`` the interval, ``above`` or ``below`` it.
    """

    values: tuple[float, ...]
    interval: Interval
    place: Literal["inside", "above", "below"]


@dataclass(frozen=True)
class Judged:
    """Hold a recorded metric and its value now.

    Attributes:
        name: name of the metric.
        recorded: recorded value.
        found: value now, or None if it was not measured.
        interval: around the recorded value, of images; around the mean of other seeds where these decide; None where
            only the equal value will do.
        p_value: p-value of McNemar's test that equally many of the same images are right, if that test decides.
        status: status that follows; ``not judged`` if the value differs and no interval for it is known.
        seed_spread: its place among other seeds; None with fewer than two of them.
    """

    name: str
    recorded: float
    found: float | None
    interval: Interval | None
    p_value: float | None
    status: ReproductionStatus
    seed_spread: SeedSpread | None = None


def level_of_each(metrics: int) -> float:
    """Return the significance level of the test of each metric, for 5 % of all together (Bonferroni's inequality).

    It holds however the metrics of one network depend on each other.
    """
    return LEVEL / max(metrics, 1)


def judged(
    name: str,
    recorded: float,
    found: float | None,
    *,
    equal: bool,
    interval: Interval | None,
    p_value: float | None = None,
    level: float = LEVEL,
    equal_expected: bool = False,
    seed_spread: SeedSpread | None = None,
) -> Judged:
    """Return the status of a metric.

    An equal value is reproduced exactly; if equality is expected, no other value is reproduced. Otherwise the first of
    these decides: the recorded value among other seeds, the paired test, the interval. Without any of them, the metric
    is not judged.

    Args:
        name: name of the metric.
        recorded: recorded value.
        found: value now; None is not reproduced.
        equal: whether both values are equal, with the same images right if these are known.
        interval: around the recorded value, of images or of rounding.
        p_value: p-value of the paired test.
        level: level of the paired test; see :func:`level_of_each`.
        equal_expected: whether the same computation was made under the same circumstances.
        seed_spread: the recorded value among other seeds.
    """
    if found is None or equal or equal_expected:
        status = EXACTLY if found is not None and equal else NOT
        return Judged(name, recorded, found, interval, None, status, seed_spread)
    if seed_spread is not None:
        status = WITHIN if seed_spread.place == "inside" else NOT
        return Judged(name, recorded, found, seed_spread.interval, None, status, seed_spread)
    if p_value is not None:
        return Judged(name, recorded, found, interval, p_value, WITHIN if p_value >= level else NOT)
    if interval is None:
        return Judged(name, recorded, found, None, None, UNJUDGED)
    inside = interval.low <= found <= interval.high
    return Judged(name, recorded, found, interval, None, WITHIN if inside else NOT)


def overall(metrics: Sequence[Judged]) -> ReproductionStatus:
    """Return the worst status of the judged metrics; ``not reproduced`` without any metric."""
    statuses = {metric.status for metric in metrics}
    if not statuses or NOT in statuses:
        return NOT
    if statuses == {UNJUDGED}:
        return UNJUDGED
    return WITHIN if WITHIN in statuses else EXACTLY


def image_interval(value: float, images: int, low: float = 0.0, high: float = 1.0, *, level: float = LEVEL) -> Interval:
    """Compute the interval of a mean over images of a value in [low, high], as if other images were drawn.

    It is that of E. B. Wilson (1927) for a share, of confidence ``1 - level``. For other means it is that of a share
    scaled up, which is too long rather than too short: at a given mean nothing in [low, high] varies more than what is
    always at one of the ends.
    """
    right = round((value - low) / (high - low) * images)
    share = binomtest(right, images).proportion_ci(confidence_level=1 - level, method="wilson")
    return Interval(value, low + float(share.low) * (high - low), low + float(share.high) * (high - low))


def rounding_interval(value: float) -> Interval:
    """Compute the interval of a metric that is not a mean over images: a thousandth on both sides, for rounding.

    The half width is at least a millionth, because a recorded 0 may be a difference of float32 numbers around 1.
    """
    half = max(_ROUNDING * abs(value), _LEAST_ROUNDING)
    return Interval(value, value - half, value + half)


def seed_spread_of(
    recorded: float,
    values: Sequence[float],
    bounds: tuple[float, float],
    *,
    resolution: float,
    level: float = LEVEL,
) -> SeedSpread | None:
    """Compare a recorded value with those of other seeds; return None with fewer than two.

    The standard deviation of the values is taken as half of the resolution at least: seeds that tie, as few of them on
    few images often do, show no more than that they differ by less than that.

    Args:
        recorded: the value.
        values: values of other seeds.
        bounds: the least and the greatest that there can be.
        resolution: least difference of unequal values, such as one image of an accuracy.
        level: the interval holds ``1 - level`` of further trainings.
    """
    if len(values) < LEAST_SEEDS:
        return None
    mean, count = float(np.mean(values)), len(values)
    quantile = float(student.ppf(1 - level / 2, count - 1))
    spread = max(float(np.std(values, ddof=1)), resolution / 2)
    half = quantile * spread * math.sqrt(1 + 1 / count)
    interval = Interval(mean, max(mean - half, bounds[0]), min(mean + half, bounds[1]))
    place: Literal["inside", "above", "below"] = "inside"
    if recorded > interval.high + _EQUAL:
        place = "above"
    elif recorded < interval.low - _EQUAL:
        place = "below"
    return SeedSpread(tuple(values), interval, place)
