"""Define a claim about a design: an estimand of its results, and the value that the paper expects."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from rnas._typing import Floats
from rnas.experiments.replications.noise import noise
from rnas.statistics._ranks import kendall_tau

Term = tuple[tuple[int, float], ...]
"""Rows of cells and their weights."""

_FEWEST_NETWORKS = 8


@dataclass(frozen=True)
class ClaimEstimate:
    """Hold an estimate and its uncertainty, which follows Student's t distribution.

    Attributes:
        value: the estimate.
        standard_error: above 0.
        degrees: degrees of freedom of the standard error, above 0.
        used: comparisons or networks that it is from.
        unused: comparisons or networks that were left out because results are missing.
    """

    value: float
    standard_error: float
    degrees: float
    used: int
    unused: int = 0


class Estimand(Protocol):
    """Estimate a quantity from results."""

    @property
    def of(self) -> str:
        """Return the unit of the counts: ``comparison`` or ``network``."""

    def estimate(self, values: Floats) -> ClaimEstimate | str:
        """Compute the estimate from values (cells, seeds), NaN where missing; without an estimate return the reason."""


@dataclass(frozen=True)
class Contrast:
    """Estimate a weighted sum of the cells' means over seeds, as the mean of its terms.

    The noise is that between seeds, see :mod:`rnas.experiments.replications.noise`. If weights sum to zero, as in a
    comparison of cells, results are paired by seed: an effect of a seed on all cells of the design is not noise. The
    images are fixed.

    Attributes:
        terms: weights of cells for each term; a term is left out if one of its cells has no result.
    """

    terms: tuple[Term, ...]

    @property
    def of(self) -> str:
        """Return the unit of the counts."""
        return "comparison"

    def estimate(self, values: Floats) -> ClaimEstimate | str:
        """Estimate the contrast from values (cells, seeds)."""
        complete = _complete(values)
        terms = [term for term in self.terms if all(complete[row] for row, _ in term)]
        if not terms:
            return "no cells to compare are complete"
        if values.shape[1] < 2:
            return "one seed shows no noise; train with two or more"
        weights = np.zeros(len(values))
        for term in terms:
            for row, weight in term:
                weights[row] += weight / len(terms)
        weights, results = weights[complete], values[complete]
        seeds = values.shape[1]
        paired = abs(weights.sum()) < 1e-9 * np.abs(weights).sum()
        found = noise(results, paired)
        value, error = float(weights @ results.mean(axis=1)), found.standard_error(weights, seeds)
        return _with_noise(ClaimEstimate(value, error, found.degrees, len(terms), len(self.terms) - len(terms)))


@dataclass(frozen=True)
class Trend:
    """Estimate the least-squares slope of the cells' means over a covariate, within strata.

    Each stratum has a level of its own. The noise is the deviation of networks from the line, from seeds and from
    everything else that differs between networks, so that the estimate is about networks like these, not only these.

    Attributes:
        covariate: (cells,) numbers.
        strata: (cells,) labels.
    """

    covariate: tuple[float, ...]
    strata: tuple[Hashable, ...]

    @property
    def of(self) -> str:
        """Return the unit of the counts."""
        return "network"

    def estimate(self, values: Floats) -> ClaimEstimate | str:
        """Estimate the slope from values (cells, seeds)."""
        complete = _complete(values)
        x, y = np.array(self.covariate, dtype=np.float64), values.mean(axis=1)
        groups = [
            rows
            for stratum in dict.fromkeys(self.strata)
            if len(rows := np.flatnonzero(complete & np.array([own == stratum for own in self.strata]))) > 1
        ]
        if not groups:
            return "no two networks to compare are complete"
        x = np.concatenate([x[rows] - x[rows].mean() for rows in groups])
        y = np.concatenate([y[rows] - y[rows].mean() for rows in groups])
        spread = float((x**2).sum())
        degrees = len(x) - len(groups) - 1
        if degrees < 1 or spread < 1e-12:
            return "too few networks to compare are complete"
        slope = float((x * y).sum()) / spread
        error = float(np.sqrt(((y - slope * x) ** 2).sum() / degrees / spread))
        return _with_noise(ClaimEstimate(slope, error, degrees, len(x), len(self.strata) - int(complete.sum())))


@dataclass(frozen=True)
class RankCorrelation:
    """Estimate Kendall's tau of the cells' means with a covariate (cells,), with the jackknife's standard error."""

    covariate: tuple[float, ...]

    @property
    def of(self) -> str:
        """Return the unit of the counts."""
        return "network"

    def estimate(self, values: Floats) -> ClaimEstimate | str:
        """Estimate the rank correlation from values (cells, seeds)."""
        covariate = np.array(self.covariate)
        rows = np.flatnonzero(_complete(values) & np.isfinite(covariate))
        x, y = covariate[rows], values[rows].mean(axis=1)
        if len(rows) < _FEWEST_NETWORKS or len(set(x)) < 2 or len(set(y)) < 2:
            return f"fewer than {_FEWEST_NETWORKS} different networks are complete"
        without = np.array([kendall_tau(np.delete(x, row), np.delete(y, row)) for row in range(len(rows))])
        n = len(rows)
        error = float(np.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum()))
        return _with_noise(ClaimEstimate(kendall_tau(x, y), error, n - 1, n, len(values) - n))


@dataclass(frozen=True)
class MetricCorrelation:
    """Describe the rank correlation with another metric, as the mean over the seeds of each cell.

    Attributes:
        metric: the other metric.
    """

    metric: str

    @property
    def of(self) -> str:
        """Return the unit of the counts."""
        return "network"

    def among(self, scores: Mapping[str, Floats]) -> RankCorrelation:
        """Return the estimand for scores by metric, (cells, seeds), NaN where a training has no result."""
        return RankCorrelation(tuple(scores[self.metric].mean(axis=1).tolist()))


@dataclass(frozen=True)
class Claim:
    """Define one comparison of an observation.

    Attributes:
        statement: what the paper says, as it is tested.
        estimand: what is estimated.
        expected: ``above`` or ``below`` the bound, or ``within`` it on both sides of zero.
        bound: in the metric's own units.
        metric: the metric that is compared.
        unit: unit in which the estimate is shown.
        scale: factor from the metric's unit to that one: accuracies are in [0, 1], and shown in points.
    """

    statement: str
    estimand: Estimand | MetricCorrelation
    expected: Literal["above", "below", "within"] = "above"
    bound: float = 0.0
    metric: str = "test_robust_accuracy"
    unit: str = "points"
    scale: float = 100.0

    @property
    def metrics(self) -> tuple[str, ...]:
        """Return the metrics that it needs."""
        return (self.metric, self.estimand.metric) if isinstance(self.estimand, MetricCorrelation) else (self.metric,)

    def estimate(self, scores: Mapping[str, Floats]) -> ClaimEstimate | str:
        """Return the estimate from scores by metric, (cells, seeds), or the reason why there is none."""
        own = self.estimand
        estimand = own.among(scores) if isinstance(own, MetricCorrelation) else own
        return estimand.estimate(scores[self.metric])


def _complete(values: Floats) -> NDArray[np.bool_]:
    """Say which cells (cells,) have a value of every seed."""
    return np.array([bool(np.isfinite(own).all()) for own in values])


def _with_noise(estimate: ClaimEstimate) -> ClaimEstimate | str:
    """Return the estimate, unless its results have no noise at all, which may happen if trainings learn nothing."""
    return estimate if estimate.standard_error > 1e-12 else "the results do not vary"
