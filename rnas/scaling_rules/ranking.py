"""Estimate shares of depth and width as the paper does, from the best networks of each total.

"Revisiting Residual Networks for Adversarial Robustness" (Huang, Lu, Deb, Boddeti, CVPR 2023, section 4.2.1, figure 7)
ranks networks by robust accuracy within each level of total depth (of total width) and averages the shares of the
top-ranked over the levels. It does not say how many are top-ranked; here it is a tenth of a level.

This describes a design and its scores, and does not estimate an optimum. It is biased towards uniform shares, by noise
in the ranks and by levels near the ends of the grid, which contain only nearly uniform networks.
:func:`rnas.scaling_rules.ranking_bias.simulated_bias` measures this bias. Only the total is fixed within a level: if
widths, blocks or FLOPs vary as well, they also affect the ranks.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from scipy.stats import kendalltau, rankdata

from rnas._typing import Floats, Integers
from rnas.errors import InputError
from rnas.networks.robust_scaling import Rule
from rnas.scaling_rules.observations import Observations

TOP_SHARE = 0.1
"""Share of a level that is top-ranked, and equally bottom-ranked; each is at least one network."""

SMALLEST_LEVEL = 5
"""Smallest number of networks in a level; smaller levels of the papers' grids hold only nearly uniform networks."""

BIN_SIZE = 10
"""Approximate number of networks in a bin, which replaces a level if few networks have the same total."""

_DIGITS = 6


@dataclass(frozen=True)
class NetworkGroup:
    """A group of networks in one level, or the average of such groups over the levels.

    Attributes:
        shares: (stages,) mean shares of the total; they sum to 1.
        score: mean score. It is too high for the top and too low for the bottom, which were chosen by the score.
        place: mean share of the level's other networks that score lower; 1 is best, 0 is worst, ties count half.
        networks: number of networks.
    """

    shares: tuple[float, ...]
    score: float
    place: float
    networks: int


@dataclass(frozen=True)
class Level:
    """The networks of one total depth or width, or of one bin of totals.

    Attributes:
        low, high: smallest and largest total, in blocks or in widenings; they are equal unless it is a bin.
        networks: number of networks.
        top, bottom: the tenth with the highest and with the lowest scores, including ties.
        uniform: networks whose stages are equal; None if there are none.
    """

    low: float
    high: float
    networks: int
    top: NetworkGroup
    bottom: NetworkGroup
    uniform: NetworkGroup | None


@dataclass(frozen=True)
class RankedShares:
    """The shares of the stages of the networks ranked top and bottom.

    Attributes:
        of: whether these are shares of depth or of width.
        metric: name of the score.
        levels: levels in ascending order, each with at least :data:`SMALLEST_LEVEL` networks of different shares.
        binned: whether levels are bins.
        left_out: number of networks in other levels.
        tau: Kendall's rank correlation of total and score over all networks, in [-1, 1], as in figure 7; None if all
            totals or all scores are equal.
        p_value: p-value of the hypothesis that there is no correlation; None without tau.
    """

    of: Literal["depth", "width"]
    metric: str
    levels: tuple[Level, ...]
    binned: bool
    left_out: int
    tau: float | None
    p_value: float | None

    @property
    def top(self) -> NetworkGroup:
        """Return the top-ranked networks, averaged over the levels: the paper's estimate."""
        return averaged([level.top for level in self.levels])

    @property
    def bottom(self) -> NetworkGroup:
        """Return the bottom-ranked networks, averaged over the levels."""
        return averaged([level.bottom for level in self.levels])

    @property
    def uniform(self) -> NetworkGroup | None:
        """Return the uniform networks, averaged over the levels that have some; None if no level has."""
        groups = [level.uniform for level in self.levels if level.uniform is not None]
        return averaged(groups) if groups else None

    def to_dict(self) -> dict[str, Any]:
        """Convert fields and averages to JSON values."""
        averages = {"top": self.top, "uniform": self.uniform, "bottom": self.bottom}
        return {**asdict(self), **{name: group and asdict(group) for name, group in averages.items()}}


@dataclass(frozen=True)
class Ranking:
    """The paper's estimate for depth and for width; None if no level is large enough for an estimate."""

    depth: RankedShares | None
    width: RankedShares | None

    @property
    def rule(self) -> Rule:
        """Return the top-ranked shares as a rule; missing shares are uniform, and depth to width is as published."""
        depths, widths = (ranked.top.shares if ranked else () for ranked in (self.depth, self.width))
        uniform = (1.0,) * max(len(depths), len(widths))
        return Rule(depths or uniform, widths or uniform)


def rank(observations: Observations) -> Ranking:
    """Rank networks within levels of their total depth, and within levels of their total width.

    A level is a total that occurs. If most networks have a total that fewer than :data:`SMALLEST_LEVEL` networks share,
    as in a search over many widths, levels are bins of about :data:`BIN_SIZE` networks with neighbouring totals. A
    network that was evaluated several times counts once, with the mean of its scores.

    Raises:
        InputError: no level of depth or of width has enough networks of different shares.
    """
    networks = distinct(observations)
    depth = _ranked("depth", networks.depths, networks)
    width = _ranked("width", networks.widths, networks)
    if depth is None and width is None:
        raise InputError(
            f"of {len(networks)} networks, no {SMALLEST_LEVEL} with different shares have the same total depth or width"
            "; evaluate more, or let depths or widths vary"
        )
    return Ranking(depth, width)


def distinct(observations: Observations) -> Observations:
    """Return one row for each network, with the mean of its scores."""
    _, first, which = np.unique(observations.keys, return_index=True, return_inverse=True)
    sums = np.bincount(which, weights=observations.score)
    return observations[first].with_score(sums / np.bincount(which))


def averaged(groups: Sequence[NetworkGroup]) -> NetworkGroup:
    """Average groups with equal weights, whatever their numbers of networks."""
    return NetworkGroup(
        shares=tuple(np.mean([group.shares for group in groups], axis=0).tolist()),
        score=float(np.mean([group.score for group in groups])),
        place=float(np.mean([group.place for group in groups])),
        networks=sum(group.networks for group in groups),
    )


def _ranked(of: Literal["depth", "width"], settings: Floats, networks: Observations) -> RankedShares | None:
    """Rank networks by depths or widths, the settings (n, stages); return None if no level is left."""
    score = networks.score
    totals = settings.sum(axis=1).round(_DIGITS)
    of_level, binned = _levels(totals)
    shares = (settings / settings.sum(axis=1, keepdims=True)).round(_DIGITS)
    rows = [np.flatnonzero(of_level == level) for level in np.unique(of_level)]
    kept = [members for members in rows if len(members) >= SMALLEST_LEVEL and np.ptp(shares[members], axis=0).any()]
    if not kept:
        return None
    correlates = len(np.unique(totals)) > 1 and len(np.unique(score)) > 1
    correlation = kendalltau(totals, score) if correlates else None
    return RankedShares(
        of=of,
        metric=networks.metric,
        levels=tuple(_level(totals[members], settings[members], score[members]) for members in kept),
        binned=binned,
        left_out=len(score) - sum(map(len, kept)),
        tau=None if correlation is None else float(correlation.statistic),
        p_value=None if correlation is None else float(correlation.pvalue),
    )


def _levels(totals: Floats) -> tuple[Integers, bool]:
    """Return the level (n,) of each total (n,), and whether levels are bins."""
    _, of_level, sizes = np.unique(totals, return_inverse=True, return_counts=True)
    if 2 * sizes[sizes >= SMALLEST_LEVEL].sum() >= len(totals):
        return of_level, False
    bins = max(1, len(totals) // BIN_SIZE)
    before = rankdata(totals, method="min").astype(np.int64) - 1
    return before * bins // len(totals), True


def _level(totals: Floats, settings: Floats, score: Floats) -> Level:
    n = len(score)
    shares = settings / settings.sum(axis=1, keepdims=True)
    places = (rankdata(score) - 1) / (n - 1)
    ends = max(1, round(TOP_SHARE * n)) - 1
    ascending = np.sort(score)

    def group(members: Integers) -> NetworkGroup:
        return NetworkGroup(
            shares=tuple(shares[members].mean(axis=0).tolist()),
            score=float(score[members].mean()),
            place=float(places[members].mean()),
            networks=len(members),
        )

    uniform = np.flatnonzero(np.ptp(settings, axis=1) == 0)
    return Level(
        low=float(totals.min()),
        high=float(totals.max()),
        networks=n,
        top=group(np.flatnonzero(score >= ascending[n - 1 - ends])),
        bottom=group(np.flatnonzero(score <= ascending[ends])),
        uniform=group(uniform) if len(uniform) else None,
    )
