"""Predict the scores of networks that were not evaluated by a rule's mixed model."""

from dataclasses import dataclass

import numpy as np

from rnas._typing import Floats
from rnas.networks.robust_scaling import Rule
from rnas.scaling_rules._design_matrix import CAPACITY, FLOPS, DesignMatrix, parts_of
from rnas.scaling_rules.observations import COLUMNS, Observations
from rnas.statistics.interval import Interval
from rnas.statistics.mixed_model import MixedModel

_QUANTILE = 1.959964
"""Quantile of the normal distribution for 95 %."""


@dataclass(frozen=True)
class Expectation:
    """Expected scores of networks, in the units of the observations.

    Attributes:
        mean: (m,) expected scores.
        covariance: (m, m) posterior covariance of the networks' mean scores.
        noise: variance of a single evaluation around its network's mean.
    """

    mean: Floats
    covariance: Floats
    noise: float

    def score(self, network: int, seeds: int) -> Interval:
        """Return the 95 % interval of the mean of a number of new evaluations of a network."""
        variance = float(self.covariance[network, network]) + self.noise / seeds
        return _interval(float(self.mean[network]), variance)

    def gain(self, one: int, other: int, seeds: int) -> Interval:
        """Return the 95 % interval of how much the mean of new evaluations of one network exceeds the other's."""
        signs = np.zeros(len(self.mean))
        signs[one] += 1
        signs[other] -= 1
        return _interval(float(signs @ self.mean), float(signs @ self.covariance @ signs) + 2 * self.noise / seeds)


def expectation(observations: Observations, others: Observations) -> Expectation:
    """Fit a mixed model to observations (n) and predict the scores of others (m), whose own scores are not read.

    The model is that of :mod:`rnas.scaling_rules.estimate`, and its fixed effects are predicted as well (universal
    kriging: Matheron, 1969). Its variances are taken as known, so that intervals are somewhat too short if there are
    few observations. Outside the observed FLOPs and params it extrapolates linearly in their logarithms, with growing
    uncertainty.
    """
    n = len(observations)
    design = _joint(observations, others)
    fixed = _fixed(design, n)
    functions = [*design.of_capacity(CAPACITY), *design.of_blocks(), *design.of_parts(), design.of_all]
    model = MixedModel(observations.score, fixed[:n], [covariance[:n, :n] for covariance in functions])
    mean, covariance = model.posterior(
        range(len(functions)),
        [covariance[n:, :n] for covariance in functions],
        [covariance[n:, n:] for covariance in functions],
        fixed[n:],
    )
    return Expectation(mean, covariance, float(model.variances[-1]))


def _joint(observations: Observations, others: Observations) -> DesignMatrix:
    """Join both into one design, so that columns are centred and scaled alike."""
    blocks = {name: np.concatenate([values, others.blocks[name]]) for name, values in observations.blocks.items()}
    joint = Observations(
        metric=observations.metric,
        **{name: np.concatenate([getattr(observations, name), getattr(others, name)]) for name in COLUMNS},
        blocks=blocks,
        keys=(*observations.keys, *others.keys),
    )
    return DesignMatrix(joint, parts_of(joint, Rule()))


def _fixed(design: DesignMatrix, n: int) -> Floats:
    """Return the columns of the fixed effects that the first n rows can separate."""
    for capacity in (CAPACITY, (FLOPS,)):
        columns = design.fixed(capacity)
        if np.linalg.matrix_rank(columns[:n], tol=1e-6 * n**0.5) == columns.shape[1]:
            return columns
    return design.fixed(())


def _interval(value: float, variance: float) -> Interval:
    reach = _QUANTILE * float(np.sqrt(max(variance, 0.0)))
    return Interval(value, value - reach, value + reach)
