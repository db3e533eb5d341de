"""Judge whether a proxy adds information to the cost of a network."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import KFold

from rnas._typing import Floats, Integers
from rnas.errors import InputError
from rnas.nas.predictors.gaussian_process import GaussianProcess
from rnas.nas.proxies._partial_tau import beyond_cost
from rnas.statistics._ranks import kendall_tau, normal_scores
from rnas.statistics.interval import Interval

FEWEST = 40
"""Smallest number of networks on which a proxy is judged."""

_FOLDS = 3
_RESAMPLES = 1000
_WEIGHT = 0.5


@dataclass(frozen=True)
class Judgement:
    """The value of a proxy in addition to the cost of each network.

    Intervals are 95 % percentile intervals of the bootstrap over the networks.

    Attributes:
        tau: Kendall's tau of the proxy and the target, which cost alone may explain.
        partial_tau: Kendall's tau of the parts of both that cost does not explain.
        without: Kendall's tau, in [-1, 1], of the target and its cross-validated predictions from the known inputs
            alone.
        gain: increase of that tau if the predictor has the proxy as an input too.
    """

    tau: float
    partial_tau: Interval
    without: float
    gain: Interval

    @property
    def adds(self) -> bool:
        """Return whether the interval of the partial tau excludes 0 and that of the gain is above 0."""
        return self.partial_tau.excludes_zero and self.gain.low > 0


def judge(scores: Floats, target: Floats, costs: Floats, known: Floats | None = None) -> Judgement:
    """Judge a proxy on networks whose results are known.

    Args:
        scores: (n,) scores of the proxy; -inf if no network can be worse.
        target: (n,) finite values that the proxy should predict.
        costs: (n, c) costs of the networks, such as FLOPs.
        known: (n, k) inputs that a predictor has without the proxy, scaled by their weights; by default normal scores
            of the costs.

    Raises:
        InputError: there are too few networks, a score is NaN, or a target is not finite.
    """
    if len(target) < FEWEST:
        raise InputError(f"a proxy cannot be judged on {len(target)} networks; give at least {FEWEST}")
    if np.isnan(scores).any() or not np.isfinite(target).all():
        raise InputError("a proxy is judged on scores and results that are numbers; leave failed networks out")
    if known is None:
        known = np.stack([normal_scores(cost) for cost in costs.T], axis=1)
    without, added = (cross_validated(inputs, target) for inputs in (known, with_scores(known, scores)))
    left = beyond_cost(scores, costs), beyond_cost(target, costs)
    return Judgement(
        tau=kendall_tau(scores, target),
        partial_tau=_interval(lambda rows: kendall_tau(left[0][rows], left[1][rows]), len(target)),
        without=kendall_tau(without, target),
        gain=_interval(
            lambda rows: kendall_tau(added[rows], target[rows]) - kendall_tau(without[rows], target[rows]), len(target)
        ),
    )


def with_scores(known: Floats, scores: Floats) -> Floats:
    """Join known inputs, scaled to a total variance of 1, and scores (n,) with half that deviation, as (n, k + 1).

    With equal weights, scores without information would harm a predictor that is fitted to few networks.
    """
    column = normal_scores(scores)
    return np.column_stack([known / _deviation(known), _WEIGHT * column / _deviation(column[:, None])])


def cross_validated(inputs: Floats, target: Floats) -> Floats:
    """Predict targets (n,) from inputs (n, k) by the default predictor, each from the other folds."""
    predicted = np.empty(len(target))
    for rest, out in KFold(_FOLDS, shuffle=True, random_state=0).split(inputs):
        predicted[out] = GaussianProcess().fit(inputs[rest], target[rest]).predict(inputs[out])[0]
    return predicted


def _deviation(inputs: Floats) -> float:
    """Return the square root of the total variance; 1 if nothing varies."""
    return float(np.sqrt(inputs.var(axis=0).sum())) or 1.0


def _interval(statistic: Callable[[Integers], float], n: int) -> Interval:
    rng = np.random.default_rng(0)
    drawn = [statistic(rng.integers(n, size=n)) for _ in range(_RESAMPLES)]
    low, high = np.quantile(drawn, (0.025, 0.975))
    return Interval(statistic(np.arange(n)), float(low), float(high))
