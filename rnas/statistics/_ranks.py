"""Compare columns by the order of their values."""

import numpy as np
from scipy.stats import kendalltau, norm, rankdata

from rnas._typing import Floats


def kendall_tau(first: Floats, second: Floats) -> float:
    """Return Kendall's tau-b, in [-1, 1], of two columns (n,) without NaN; 0 if all values of one are equal."""
    if np.ptp(rankdata(first)) == 0 or np.ptp(rankdata(second)) == 0:
        return 0.0
    return float(kendalltau(first, second).statistic)


def normal_scores(values: Floats) -> Floats:
    """Convert values (n,) to quantiles of N(0, 1) by their ranks; ties have the same quantile."""
    scores: Floats = norm.ppf((rankdata(values) - 0.5) / len(values))
    return scores
