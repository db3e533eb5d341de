"""Shares of depth and width as the paper estimates them: those of the best networks of each total.

"Revisiting Residual Networks for Adversarial Robustness" (Huang, Lu, Deb, Boddeti, CVPR 2023, section 4.2.1, figure 7)
ranks networks by robust accuracy within each level of total depth (of total width) and averages the shares of the
top-ranked over the levels. It does not say how many are top-ranked; here it is a tenth of a level.

This describes a design and its scores, and estimates no optimum: noise in the ranks, and levels near the ends of the
grid, which hold nothing but nearly uniform networks, both draw it to uniform. How far is measured by
:func:`rnas.scaling_rules.ranking_bias.simulated_bias`. Nothing but the total is held fixed within a level: where
widths, blocks or FLOPs vary as well, they decide the ranks too.
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
"""Share of a level that is top-ranked, and that is bottom-ranked; at least one network."""

SMALLEST_LEVEL = 5
"""Networks of a level that is ranked; on the papers' grids smaller levels hold nearly uniform networks alone."""

BIN_SIZE = 10
"""Networks of a level where totals hardly repeat."""

_DIGITS = 6


@dataclass(frozen=True)
class NetworkGroup:
    """Networks of one kind in one level, or the average of these over the levels.

    Attributes:
        shares: (stages,) of the total, averaged; they sum to 1.
        score: averaged; of the top it flatters and of the bottom it belittles, because they were chosen by it.
        place: share of the level's other networks that score lower, averaged; 1 is best, 0 is worst, ties count half.
        networks: how many they are.
    """

    shares: tuple[float, ...]
    score: float
    place: float
    networks: int


@dataclass(frozen=True)
class Level:
    """Networks of one total depth or width, or of one bin of it.

    Attributes:
        low, high: least and largest total, in blocks or in widenings; equal unless it is a bin.
        networks: how many there are.
        top, bottom: the tenth that scores best, and worst, with all that tie with its last.
        uniform: those whose stages are equal; None where there is none.
    """

    low: float
    high: float
    networks: int
    top: NetworkGroup
    bottom: NetworkGroup
    uniform: NetworkGroup | None


@dataclass(frozen=True)
class RankedShares:
    """Shares of the stages of the networks ranked top and bottom.

    Attributes:
        of: what is shared.
        metric: name of the score.
        levels: ascending, each of at least :data:`SMALLEST_LEVEL` networks whose shares are not all the same.
        binned: whether levels are bins.
        left_out: networks of other levels.
        tau: Kendall's rank correlation of total and score over all networks, in [-1, 1], as figure 7 has it;
            None where all totals or all scores are equal.
        p_value: of no correlation; None with tau.
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
        """The top-ranked, averaged over the levels: the paper's estimate."""
        return averaged([level.top for level in self.levels])

    @property
    def bottom(self) -> NetworkGroup:
        """The bottom-ranked, averaged over the levels."""
        return averaged([level.bottom for level in self.levels])

    @property
    def uniform(self) -> NetworkGroup | None:
        """The uniform, averaged over the levels that have one; None where none has."""
        groups = [level.uniform for level in self.levels if level.uniform is not None]
        return averaged(groups) if groups else None

    def to_dict(self) -> dict[str, Any]:
        """Fields and averages as JSON values."""
        averages = {"top": self.top, "uniform": self.uniform, "bottom": self.bottom}
        return {**asdict(self), **{name: group and asdict(group) for name, group in averages.items()}}


@dataclass(frozen=True)
class Ranking:
    """The paper's estimate of both; None is one that no level can show."""

    depth: RankedShares | None
    width: RankedShares | None

    @property
    def rule(self) -> Rule:
        """The top-ranked shares as a rule; what no level can show is uniform, and depth to width is as published."""
        depths, widths = (ranked.top.shares if ranked else () for ranked in (self.depth, self.width))
        uniform = (1.0,) * max(len(depths), len(widths))
        return Rule(depths or uniform, widths or uniform)


def rank(observations: Observations) -> Ranking:
    """Rank networks within levels of their total depth, and within levels of their total width.

    Levels are the totals that occur. Where most networks are of a total that fewer than :data:`SMALLEST_LEVEL` have, as
    in a search over many widths, levels are bins of about :data:`BIN_SIZE` networks of neighbouring totals. A network
    that was evaluated several times counts once, with the mean of its scores.

    Raises:
        InputError: no level, of depth or of width, has enough networks of different shares.
    """
    networks = distinct(observations)
    depth = _ranked("depth", networks.depths, networks)
    width = _ranked("width", networks.widths, networks)
    if depth is None and width is None:
        raise InputError(
            f"{len(networks)} networks, and no total depth or width that at least {SMALLEST_LEVEL} with different "
            "shares have; evaluate more, or let depths or widths vary"
        )
    return Ranking(depth, width)


def distinct(observations: Observations) -> Observations:
    """One row a network, with the mean of its scores."""
    _, first, which = np.unique(observations.keys, return_index=True, return_inverse=True)
    sums = np.bincount(which, weights=observations.score)
    return observations[first].with_score(sums / np.bincount(which))


def averaged(groups: Sequence[NetworkGroup]) -> NetworkGroup:
    """Several groups as one; each weighs the same, however many networks it has."""
    return NetworkGroup(
        shares=tuple(np.mean([group.shares for group in groups], axis=0).tolist()),
        score=float(np.mean([group.score for group in groups])),
        place=float(np.mean([group.place for group in groups])),
        networks=sum(group.networks for group in groups),
    )


def _ranked(of: Literal["depth", "width"], settings: Floats, networks: Observations) -> RankedShares | None:
    """Of settings (n, stages), which are the networks' depths or widths; None where no level is left."""
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
    """The level (n,) of each total (n,), and whether levels are bins."""
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
