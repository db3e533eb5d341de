"""Whether a proxy says anything that is not known without it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import KFold

from rnas.errors import InputError
from rnas.nas.predictors.gaussian_process import GaussianProcess
from rnas.nas.proxies.partial_tau import Floats, beyond_cost, normal_scores, tau
from rnas.networks.cost import Integers
from rnas.statistics.interval import Interval

FEWEST = 40
"""Networks below which nothing is judged."""

_FOLDS = 3
_RESAMPLES = 1000
_WEIGHT = 0.5


@dataclass(frozen=True)
class Judgement:
    """What a proxy is worth to one who knows the cost of each network.

    Intervals are of 95 %, by the bootstrap over the networks (percentiles).

    Attributes:
        tau: Kendall's tau of the proxy and the target, which cost alone may explain.
        partial_tau: the tau of what cost explains of neither.
        without: tau of the target and its cross-validated predictions from what is known, in [-1, 1].
        gain: how much that tau rises when the predictor is given the proxy too.
    """

    tau: float
    partial_tau: Interval
    without: float
    gain: Interval

    @property
    def adds(self) -> bool:
        """The rule: the interval of the partial tau excludes 0, and that of the gain lies above 0."""
        return self.partial_tau.excludes_zero and self.gain.low > 0


def judge(scores: Floats, target: Floats, costs: Floats, known: Floats | None = None) -> Judgement:
    """Judge a proxy on networks whose results are at hand.

    Args:
        scores: (n,) of the proxy; -inf where no network can be worse.
        target: (n,) finite, whatever the proxy is to foretell.
        costs: (n, c), FLOPs for one.
        known: (n, k) inputs that a predictor has without the proxy, in the scales that weigh them; normal scores of the
            costs unless given.

    Raises:
        InputError: too few networks, a score that is no number, or a target that is not finite.
    """
    if len(target) < FEWEST:
        raise InputError(f"a proxy cannot be judged on {len(target)} networks; give at least {FEWEST}")
    if np.isnan(scores).any() or not np.isfinite(target).all():
        raise InputError("a proxy is judged on scores and results that are numbers; leave failed networks out")
    if known is None:
        known = np.stack([normal_scores(cost) for cost in costs.T], axis=1)
    without, added = (held_out(inputs, target) for inputs in (known, with_scores(known, scores)))
    left = beyond_cost(scores, costs), beyond_cost(target, costs)
    return Judgement(
        tau=tau(scores, target),
        partial_tau=_interval(lambda rows: tau(left[0][rows], left[1][rows]), len(target)),
        without=tau(without, target),
        gain=_interval(lambda rows: tau(added[rows], target[rows]) - tau(without[rows], target[rows]), len(target)),
    )


def with_scores(known: Floats, scores: Floats) -> Floats:
    """Inputs (n, k + 1): what is known, scaled to a total variance of 1, and the scores (n,) at half that deviation.

    At an equal weight, scores that say nothing harm a predictor of few networks.
    """
    column = normal_scores(scores)
    return np.column_stack([known / _deviation(known), _WEIGHT * column / _deviation(column[:, None])])


def held_out(inputs: Floats, target: Floats) -> Floats:
    """Targets (n,) as the default predictor foretells each from inputs (n, k) of the other folds' networks."""
    predicted = np.empty(len(target))
    for rest, out in KFold(_FOLDS, shuffle=True, random_state=0).split(inputs):
        predicted[out] = GaussianProcess().fit(inputs[rest], target[rest]).predict(inputs[out])[0]
    return predicted


def _deviation(inputs: Floats) -> float:
    """Root of the total variance; 1 where nothing varies."""
    return float(np.sqrt(inputs.var(axis=0).sum())) or 1.0


def _interval(statistic: Callable[[Integers], float], n: int) -> Interval:
    rng = np.random.default_rng(0)
    drawn = [statistic(rng.integers(n, size=n)) for _ in range(_RESAMPLES)]
    low, high = np.quantile(drawn, (0.025, 0.975))
    return Interval(statistic(np.arange(n)), float(low), float(high))
