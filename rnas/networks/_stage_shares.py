"""Compute how depth and width are distributed over the stages (Huang et al., CVPR 2023, section 4.2)."""

import numpy as np

from rnas._typing import Floats


def stage_shares(sizes: Floats) -> Floats:
    """Return depths or widths (n, stages) as shares of their sum."""
    return np.asarray(sizes / sizes.sum(axis=1, keepdims=True))


def depth_to_width(depths: Floats, widths: Floats) -> Floats:
    """Return (n,) the papers' r_D: the sum of depths as a share of the sum of depths and widths, each (n, stages)."""
    total = depths.sum(axis=1)
    return np.asarray(total / (total + widths.sum(axis=1)))
