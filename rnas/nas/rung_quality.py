"""Measure how well a lower rung ranks networks, compared with the limit that noise sets.

Two trainings of one network differ by their seed. So no rung can agree with a higher one better than the higher one
agrees with itself: Kendall's tau between rungs is compared with tau between seeds. All within bands of FLOPs, since
across costs almost anything ranks networks rightly.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rnas._typing import Floats, Integers
from rnas.statistics._ranks import kendall_tau
from rnas.statistics.interval import Interval

_RESAMPLES = 400
_INTERVAL = (2.5, 97.5)
_TOP = 0.2
_FEWEST = 5


@dataclass(frozen=True)
class RungQuality:
    """Hold how a lower rung compares with the highest, within one band of FLOPs.

    Intervals are of 95 %, by the bootstrap over architectures.

    Attributes:
        rung: the lower one, from 0.
        flops: least and greatest of the band's architectures.
        architectures: number of networks that are complete at both rungs with every seed.
        tau: Kendall's, between one training at the lower and one at the highest rung, with other seeds where there are.
        ceiling: tau between two seeds at the highest rung; None with one seed.
        noise: tau between two seeds at the lower rung; None with one seed.
        recall: share of the true top fifth that is among those that would be promoted.
        regret: best score at the highest rung less the best among those that would be promoted, in the score's units.
    """

    rung: int
    flops: tuple[float, float]
    architectures: int
    tau: Interval
    ceiling: Interval | None
    noise: Interval | None
    recall: Interval
    regret: Interval


@dataclass(frozen=True)
class Shift:
    """Hold how a lower rung moves the optimum of a quantity of the architecture.

    The optimum is that of a parabola in the quantity, adjusted for log FLOPs, within the values observed; its
    shift has a 95 % interval, by the bootstrap over architectures.

    Attributes:
        quantity: such as r_D, the share of depth in depth and width.
        rung: the lower one, from 0.
        lower: optimum there.
        highest: optimum at the highest rung.
        shift: shift of the lower rung from the highest.
    """

    quantity: str
    rung: int
    lower: float
    highest: float
    shift: Interval

    @property
    def found(self) -> bool:
        """Return whether the interval excludes a shift of 0."""
        return self.shift.excludes_zero


def bands_of(flops: Floats, bands: int) -> Integers:
    """Return the band (n,) of each of FLOPs (n,): equal intervals of the range of log FLOPs, from 0."""
    edges = np.linspace(np.log(flops.min()), np.log(flops.max()), bands + 1)[1:-1]
    found: Integers = np.searchsorted(edges, np.log(flops), side="right")
    return found


def rung_quality(
    scores: Sequence[Floats], flops: Floats, bands: int, promote: float, rng: np.random.Generator
) -> list[RungQuality]:
    """Compute the figures of every lower rung in every band that has at least five architectures.

    Args:
        scores: scores for each rung, cheapest first, (n, seeds); larger is better, NaN if an evaluation failed.
        flops: (n,) of the architectures.
        bands: number of bands.
        promote: share that is promoted.
        rng: generator of the bootstrap.
    """
    found = []
    band = bands_of(flops, bands)
    for rung, lower in enumerate(scores[:-1]):
        for number in range(bands):
            whole = np.isfinite(lower).all(axis=1) & np.isfinite(scores[-1]).all(axis=1)
            rows = np.flatnonzero((band == number) & whole)
            if len(rows) >= _FEWEST:
                found.append(_quality(rung, lower[rows], scores[-1][rows], flops[rows], promote, rng))
    return found


def _quality(
    rung: int, lower: Floats, highest: Floats, flops: Floats, promote: float, rng: np.random.Generator
) -> RungQuality:
    samples = rng.integers(len(flops), size=(_RESAMPLES, len(flops)))
    several = highest.shape[1] > 1
    # What one seed finds is judged by another: a shared seed could agree by chance alone.
    judge = highest[:, -1]

    def estimate(first: Floats, second: Floats) -> Interval:
        return bootstrapped(lambda rows: kendall_tau(first[rows], second[rows]), samples)

    def promoted(rows: Integers) -> Integers:
        count = int(np.ceil(promote * len(rows)))
        best: Integers = np.argsort(-lower[rows, 0], kind="stable")[:count]
        return best

    def recall(rows: Integers) -> float:
        best = np.argsort(-judge[rows], kind="stable")[: max(round(_TOP * len(rows)), 1)]
        return float(np.isin(best, promoted(rows)).mean())

    def regret(rows: Integers) -> float:
        return float(judge[rows].max() - judge[rows][promoted(rows)].max())

    return RungQuality(
        rung=rung,
        flops=(float(flops.min()), float(flops.max())),
        architectures=len(flops),
        tau=estimate(lower[:, 0], judge),
        ceiling=estimate(highest[:, 0], judge) if several else None,
        noise=estimate(lower[:, 0], lower[:, -1]) if several else None,
        recall=bootstrapped(recall, samples),
        regret=bootstrapped(regret, samples),
    )


def optimum_shifts(
    scores: Sequence[Floats], flops: Floats, quantities: Mapping[str, Floats], rng: np.random.Generator
) -> list[Shift]:
    """Compare the optimum at every lower rung with that at the highest, for each quantity (n,) that varies.

    Args:
        scores: as for :func:`rung_quality`; the mean over seeds is taken.
        flops: (n,).
        quantities: quantities by name.
        rng: generator of the bootstrap.
    """
    found = []
    for rung, lower in enumerate(scores[:-1]):
        rows = np.flatnonzero(np.isfinite(lower).all(axis=1) & np.isfinite(scores[-1]).all(axis=1))
        for name, values in quantities.items():
            if len(np.unique(values[rows])) < 3 or len(rows) < 2 * _FEWEST:
                continue
            first, last = lower.mean(axis=1)[rows], scores[-1].mean(axis=1)[rows]
            x, cost = values[rows], np.log(flops[rows])
            samples = rng.integers(len(rows), size=(_RESAMPLES, len(rows)))

            def moved(
                s: Integers, x: Floats = x, cost: Floats = cost, first: Floats = first, last: Floats = last
            ) -> float:
                return _optimum(x[s], cost[s], first[s]) - _optimum(x[s], cost[s], last[s])

            shift = bootstrapped(moved, samples)
            found.append(Shift(name, rung, _optimum(x, cost, first), _optimum(x, cost, last), shift))
    return found


def _optimum(x: Floats, cost: Floats, score: Floats) -> float:
    """Find where a parabola in ``x``, adjusted for cost, is highest within the values of ``x``."""
    middle, scale = x.mean(), x.std() or 1.0
    z = (x - middle) / scale
    inputs = np.column_stack([np.ones_like(z), cost - cost.mean(), z, z**2])
    (_, _, slope, curvature), *_ = np.linalg.lstsq(inputs, score, rcond=None)
    ends = np.array([z.min(), z.max()])
    if curvature < 0:
        best = float(np.clip(-slope / (2 * curvature), *ends))
    else:
        best = float(ends[np.argmax(slope * ends + curvature * ends**2)])
    return float(middle + scale * best)


def bootstrapped(statistic: Callable[[Integers], float], samples: Integers) -> Interval:
    """Return a statistic of all rows with its 95 % interval by the bootstrap.

    Args:
        statistic: from the numbers of rows, some of which may occur several times, to its value.
        samples: (resamples, n), the rows of each resample of n rows.
    """
    values = [statistic(rows) for rows in samples]
    low, high = np.nanpercentile(values, _INTERVAL)
    return Interval(statistic(np.arange(samples.shape[1])), float(low), float(high))
