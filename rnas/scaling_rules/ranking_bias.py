"""Simulate the bias of the paper's estimate towards uniform shares, with a known truth on the design of the data.

The simulation describes the estimate of :mod:`rnas.scaling_rules.ranking` on this design at this noise. It says nothing
about the true shares of robust networks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rnas._typing import Floats
from rnas.errors import InputError
from rnas.networks.robust_scaling import Rule
from rnas.scaling_rules._proportion import proportion_text, shares_of
from rnas.scaling_rules.observations import Observations
from rnas.scaling_rules.ranking import RankedShares, distinct, rank

_ENDS = (5, 95)


@dataclass(frozen=True)
class Recovered:
    """The true shares of the stages in simulations, and their estimates.

    Attributes:
        truth: (stages,) the true shares; they sum to 1.
        mean: (stages,) mean estimates over the simulations.
        low, high: (stages,) 5 % and 95 % quantiles of the estimates.
        signal: share of the variance at equal FLOPs, in [0, 1], that the true shares explain; the rest is noise.
    """

    truth: tuple[float, ...]
    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    signal: float

    def __str__(self) -> str:
        return f"true {proportion_text(self.truth)} is estimated as {proportion_text(self.mean)}"


@dataclass(frozen=True)
class RankingBias:
    """The estimates of a true rule; a part is None if no level of the design is large enough for an estimate.

    Attributes:
        depth: true and estimated shares of depth.
        width: true and estimated shares of width.
        draws: number of simulations.
    """

    depth: Recovered | None
    width: Recovered | None
    draws: int


@dataclass(frozen=True)
class _Spread:
    """The components of the scores of a design.

    Attributes:
        slope: slope of the score in log FLOPs.
        signals: sums of squares at equal FLOPs that shares of depth and shares of width explain, beyond what noise
            would.
        noise: standard deviation of the rest, which neither FLOPs nor shares explain.
    """

    slope: float
    signals: tuple[float, float]
    noise: float


def simulated_bias(observations: Observations, rule: Rule, rng: np.random.Generator, draws: int = 100) -> RankingBias:
    """Simulate scores in which a rule is the truth, and estimate it as the paper does.

    A synthetic score falls with the squared distance of the log shares from the rule's and is linear in log FLOPs, with
    normal noise. Slope and noise are those of the data. So is the strength: the rule explains as much variance at equal
    FLOPs as all shares do in the data, by a quadratic surface in log shares, less what noise would explain. If shares
    explain nothing in the data, the rule has no effect, and the estimate shows the design alone.

    Args:
        observations: the design, and the scores that slope, noise and strength are estimated from.
        rule: the truth; its depth to width is not used, since levels of totals cannot show it.
        rng: generator of the noise.
        draws: number of simulations.

    Raises:
        InputError: the rule has another number of stages, or there are too few networks to separate noise from shares.
    """
    networks = distinct(observations)
    if len(rule.depths) != networks.stages:
        raise InputError(f"the rule has {len(rule.depths)} stages, but the networks have {networks.stages}")
    spread = _spread(networks)
    truth = spread.slope * np.log(networks.flops)
    distances = [
        _squared_distance(networks.depth_shares, rule.depths),
        _squared_distance(networks.width_shares, rule.widths),
    ]
    for squared, signal in zip(distances, spread.signals, strict=True):
        at_equal_flops = _residual(_trend(networks.flops), squared)
        variation = float(at_equal_flops @ at_equal_flops)
        if signal > 0 and variation > 0:
            truth = truth - np.sqrt(signal / variation) * squared
    rankings = [
        rank(networks.with_score(truth + spread.noise * rng.standard_normal(len(networks)))) for _ in range(draws)
    ]
    total_noise = spread.noise**2 * len(networks)
    depth, width = ((signal / (signal + total_noise) if signal else 0.0) for signal in spread.signals)
    return RankingBias(
        depth=_recovered(rule.depths, [ranking.depth for ranking in rankings], depth),
        width=_recovered(rule.widths, [ranking.width for ranking in rankings], width),
        draws=draws,
    )


def _recovered(truth: Sequence[float], ranked: Sequence[RankedShares | None], signal: float) -> Recovered | None:
    tops = [shares.top.shares for shares in ranked if shares is not None]
    if not tops:
        return None
    low, high = np.percentile(tops, _ENDS, axis=0)
    mean = np.mean(tops, axis=0)
    return Recovered(shares_of(truth), tuple(mean.tolist()), tuple(low.tolist()), tuple(high.tolist()), signal)


def _spread(networks: Observations) -> _Spread:
    trend = _trend(networks.flops)
    surfaces = [_surface(networks.depth_shares), _surface(networks.width_shares)]
    everything = np.hstack([trend, *surfaces])
    unexplained, rank_of_all = _unexplained(everything, networks.score)
    freedom = len(networks) - rank_of_all
    if freedom < 1:
        raise InputError(
            f"{len(networks)} networks are too few to simulate the bias of ranking; "
            f"separating noise from shares takes more than {rank_of_all}"
        )
    variance = unexplained / freedom
    signals = []
    for other in (surfaces[1], surfaces[0]):
        without, rank_without = _unexplained(np.hstack([trend, other]), networks.score)
        signals.append(max(0.0, without - unexplained - (rank_of_all - rank_without) * variance))
    slope = np.linalg.lstsq(everything, networks.score, rcond=None)[0][1]
    return _Spread(float(slope), (signals[0], signals[1]), float(np.sqrt(variance)))


def _trend(flops: Floats) -> Floats:
    """Return columns (n, 2): a constant, and centred log FLOPs."""
    logs = np.log(flops)
    return np.column_stack([np.ones(len(logs)), logs - logs.mean()])


def _surface(shares: Floats) -> Floats:
    """Return centred columns (n, terms): log shares, their squares and products, without the redundant last stage."""
    logs = _log_shares(shares)[:, :-1]
    products = [logs[:, i] * logs[:, j] for i in range(logs.shape[1]) for j in range(i, logs.shape[1])]
    columns = np.column_stack([logs, *products])
    centred: Floats = columns - columns.mean(axis=0)
    return centred


def _log_shares(shares: Floats) -> Floats:
    """Return centred log ratios (n, stages), which sum to 0."""
    logs = np.log(shares)
    centred: Floats = logs - logs.mean(axis=1, keepdims=True)
    return centred


def _squared_distance(shares: Floats, proportion: Sequence[float]) -> Floats:
    difference = _log_shares(shares) - _log_shares(np.array([proportion], dtype=np.float64))
    squared: Floats = (difference**2).sum(axis=1)
    return squared


def _residual(columns: Floats, values: Floats) -> Floats:
    residual: Floats = values - columns @ np.linalg.lstsq(columns, values, rcond=None)[0]
    return residual


def _unexplained(columns: Floats, values: Floats) -> tuple[float, int]:
    """Return the sum of squares that columns leave unexplained, and their rank."""
    residual = _residual(columns, values)
    return float(residual @ residual), int(np.linalg.matrix_rank(columns))
