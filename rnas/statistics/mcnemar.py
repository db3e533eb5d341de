"""Whether two networks differ on the same images: a test that looks at the images on which they do."""

from collections.abc import Sequence

import numpy as np
from scipy.stats import binomtest


def mcnemar(first: Sequence[bool], second: Sequence[bool]) -> float:
    """Two-sided p-value of the exact test of McNemar (1947) that two networks are right equally often.

    Images on which both are right or both are wrong say nothing; of the others each is as likely to be the one's as
    the other's. Without such images it is 1.

    Args:
        first: whether one network is right on each image.
        second: whether the other is, on the same images in the same order.
    """
    one, other = np.asarray(first, dtype=bool), np.asarray(second, dtype=bool)
    if one.shape != other.shape:
        raise ValueError(f"{len(one)} images against {len(other)}: a paired test needs the same ones")
    alone = int((one & ~other).sum())
    differing = int((one != other).sum())
    return float(binomtest(alone, differing, 0.5).pvalue) if differing else 1.0
