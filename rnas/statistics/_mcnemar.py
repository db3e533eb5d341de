"""Test whether two networks differ on the same images, by the images on which only one of them is right."""

from collections.abc import Sequence

import numpy as np
from scipy.stats import binomtest


def mcnemar(first: Sequence[bool], second: Sequence[bool]) -> float:
    """Return the two-sided p-value of the exact test of McNemar (1947) that two networks are right equally often.

    Images on which both are right or both are wrong give no information. If the networks are equal, each other image
    is right for either of them with the same probability. Without other images the p-value is 1.

    Args:
        first: whether the first network is right on each image.
        second: whether the second network is right on each image, in the same order.
    """
    one, other = np.asarray(first, dtype=bool), np.asarray(second, dtype=bool)
    if one.shape != other.shape:
        raise ValueError(f"{len(one)} images against {len(other)}: a paired test needs the same images")
    alone = int((one & ~other).sum())
    differing = int((one != other).sum())
    return float(binomtest(alone, differing, 0.5).pvalue) if differing else 1.0
