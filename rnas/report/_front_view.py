"""Prepare the columns of the front's table, for terminal and page, and the sentences about it."""

from collections.abc import Mapping
from dataclasses import dataclass

from rnas.report._description import describe
from rnas.report._front import FrontMember, Score, judged
from rnas.report._whisker import whisker
from rnas.statistics.proportions import indistinguishable
from rnas.utils._metric import MISSING, Metric

NOISE = "indistinguishable from"


@dataclass(frozen=True)
class ColumnGroup:
    """The columns of one metric."""

    metric: Metric
    columns: tuple[str, ...]


@dataclass(frozen=True)
class FrontCell:
    """One cell: its text, its value for sorting, whether it starts a group, and whether it is about noise."""

    text: str
    value: float | str
    first: bool
    noise: bool


@dataclass(frozen=True)
class FrontRow:
    """One member of the front, and its row among the evaluations."""

    key: str
    row: int
    cells: tuple[FrontCell, ...]
    architecture: str


def groups(members: list[FrontMember]) -> list[ColumnGroup]:
    """Return the columns of each metric: one value, or search, test, interval and drop if the run has them."""
    noisy = judged(tuple(s.metric for s in members[0].objectives)) if any(m.tied_with for m in members) else None
    found = []
    for column in zip(*(member.objectives + member.others for member in members), strict=True):
        scores: tuple[Score, ...] = column
        test = any(score.test is not None for score in scores)
        names = ["search", "test"] if test else ["search" if scores[0].metric.kind == "proportion" else "value"]
        if scores[0].metric.direction and any(score.share for score in scores):
            names += ["95 % interval", ""]
        names += ["drop"] if test else []
        names += [NOISE] if scores[0].metric == noisy else []
        found.append(ColumnGroup(scores[0].metric, tuple(names)))
    return found


def rows(members: list[FrontMember], columns: list[ColumnGroup]) -> list[FrontRow]:
    """Return the rows of the table, one for each member."""
    spans = [_span([member.score(group.metric) for member in members]) for group in columns]
    return [
        FrontRow(
            member.key,
            member.row,
            tuple(cell for group, span in zip(columns, spans, strict=True) for cell in _cells(member, group, span)),
            describe(member.evaluation["architecture"]),
        )
        for member in members
    ]


def sentences(members: list[FrontMember], metrics: tuple[Metric, ...]) -> list[str]:
    """Return sentences on noise between neighbours, the cheapest member as good as the best, and the mean drop."""
    metric = judged(metrics)
    if metric is None or len(members) < 2:
        return []
    name = metric.phrase
    scores = [member.score(metric) for member in members]
    said = []
    share = scores[0].share
    if share is not None:
        ties = sum(member.tied_with is not None for member in members)
        part = "test" if scores[0].test_share else "search"
        said.append(
            f"In order of {name}, {ties} of {len(members) - 1} neighbours differ by less than the noise of the "
            f"{share.images:,} {part} images (95 %)."
        )
        cheapest = _cheapest_as_good(members, metric, metrics)
        if cheapest is not None:
            said.append(cheapest)
    drops = [score.drop for score in scores if score.drop is not None]
    if drops:
        mean = 100 * sum(drops) / len(drops)
        change = "drops" if mean >= 0 else "rises"
        said.append(
            f"From the images of the search to the test images, {name} {change} by {abs(mean):.1f} points on average."
        )
    return said


def drop_text(score: Score) -> str:
    """Format the drop from search to test, in percentage points for an accuracy."""
    if score.drop is None:
        return MISSING
    if score.metric.kind == "proportion":
        points = round(100 * score.drop, 1)
        return f"{points:+.1f}".replace("-", "\u2212") if points else "0.0"
    return score.metric.format(score.drop)


def interval_text(score: Score) -> str:
    """Format the 95 % interval of the reported share, in per cent."""
    share = score.share
    return MISSING if share is None else f"{100 * share.low:.1f} to {100 * share.high:.1f}"


def _cheapest_as_good(members: list[FrontMember], metric: Metric, metrics: tuple[Metric, ...]) -> str | None:
    cost = next((other for other in metrics if other.direction == "minimize"), None)
    best = members[0]
    share = best.score(metric).share
    if cost is None or share is None:
        return None
    equal = [m for m in members if (s := m.score(metric).share) is not None and indistinguishable(share, s)]
    cheapest = min(equal, key=lambda member: member.score(cost).search or 0.0)
    if cheapest is best:
        return None
    prices = [cost.format(member.score(cost).search) for member in (cheapest, best)]
    return (
        f"The cheapest member that is indistinguishable from the best at 95 % is {cheapest.key}: "
        f"{prices[0]} {cost.phrase} where the best, {best.key}, takes {prices[1]}."
    )


def _cells(member: FrontMember, group: ColumnGroup, span: tuple[float, float]) -> list[FrontCell]:
    score = member.score(group.metric)
    metric, share, tied_with = score.metric, score.share, member.tied_with or ""
    shown: Mapping[str, tuple[str, float | str | None]] = {
        "value": (metric.format(score.search), score.search),
        "search": (metric.format(score.search), score.search),
        "test": (metric.format(score.test), score.test),
        "95 % interval": (interval_text(score), None if share is None else share.low),
        "": (_whisker(score, span), None if share is None else share.value),
        "drop": (drop_text(score), score.drop),
        NOISE: (tied_with, tied_with),
    }
    cells = [(name, *shown[name]) for name in group.columns]
    return [
        FrontCell(text, "" if value is None else value, at == 0, name == NOISE)
        for at, (name, text, value) in enumerate(cells)
    ]


def _span(scores: list[Score]) -> tuple[float, float]:
    ends = [end for s in scores if s.share for end in (s.share.low, s.share.high, s.search or s.share.low)]
    return (min(ends), max(ends)) if ends else (0.0, 1.0)


def _whisker(score: Score, span: tuple[float, float]) -> str:
    """Draw the interval of the reported value, with a ring for the search's value if that differs."""
    share = score.share
    if share is None:
        return ""
    ring = None if score.test is None else score.search
    return whisker(share.low, share.high, share.value, span, ring=ring)
