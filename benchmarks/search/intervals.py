"""Compute means and 95 % intervals over the seeds of a comparison."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import bootstrap, t

from rnas._typing import Floats

_RESAMPLES = 2000


def mean_interval(values: Floats) -> tuple[Floats, Floats]:
    """Return the mean (...) of values (seeds, ...) and half its interval by Student's t, which is NaN for one seed."""
    n = len(values)
    mean = values.mean(axis=0)
    if n < 2:
        return mean, np.full_like(mean, np.nan)
    # The value is infinite before a first success, so that there is no interval.
    with np.errstate(invalid="ignore"):
        return mean, t.ppf(0.975, n - 1) * values.std(axis=0, ddof=1) / np.sqrt(n)


def evaluations_to(missing: Floats, level: float) -> tuple[int, int, int]:
    """Return the evaluations until the mean missing share (seeds, budget) is at most ``1 - level``, with an interval.

    The interval is by bootstrap. A value of budget + 1 means more than the budget.
    """

    def reached(rows: NDArray[np.int64]) -> float:
        enough = missing[rows].mean(axis=0) <= 1 - level
        return float(enough.argmax() + 1 if enough.any() else len(enough) + 1)

    rows = np.arange(len(missing))
    if len(rows) < 2:
        return (int(reached(rows)),) * 3
    found = bootstrap(
        (rows,),
        reached,
        vectorized=False,
        n_resamples=_RESAMPLES,
        method="percentile",
        rng=np.random.default_rng(0),
    )
    low, high = found.confidence_interval
    return int(reached(rows)), int(np.floor(low)), int(np.ceil(high))
