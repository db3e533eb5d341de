"""Compute Wilson intervals of accuracies, and decide whether two accuracies are distinguishable."""

import math
from dataclasses import dataclass
from functools import lru_cache

from scipy.stats import binomtest


@dataclass(frozen=True)
class Proportion:
    """Hold a share of images with its Wilson 95 % interval.

    Attributes:
        value: the share, in [0, 1].
        low, high: ends of the interval, in [0, 1].
        images: number of images behind the share.
    """

    value: float
    low: float
    high: float
    images: int


@lru_cache(maxsize=4096)
def proportion(value: float, images: int) -> Proportion:
    """Return a share of ``images`` images with its 95 % interval (E. B. Wilson, 1927)."""
    interval = binomtest(round(value * images), images).proportion_ci(confidence_level=0.95, method="wilson")
    return Proportion(value, float(interval.low), float(interval.high), images)


def indistinguishable(first: Proportion, second: Proportion) -> bool:
    """Return whether the 95 % interval of the difference of two shares contains zero.

    The interval is Newcombe's, made from the two Wilson intervals (R. G. Newcombe, 1998, method 10). It treats the
    shares as independent; on the same images the true noise is a little smaller.
    """
    if first.value < second.value:
        first, second = second, first
    return first.value - second.value <= math.hypot(first.value - first.low, second.high - second.value)
