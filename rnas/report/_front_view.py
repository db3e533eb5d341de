"""Describe the table of a front, and write the sentences about it."""

from collections.abc import Iterator
from urllib.parse import quote

from rnas.report._blocks import Cell, Column, Row, Table
from rnas.report._description import describe
from rnas.report._front import FrontMember, Score, judged
from rnas.report._whisker import whisker
from rnas.statistics.proportions import indistinguishable
from rnas.utils._metric import MISSING, Metric


def table(members: list[FrontMember], metrics: tuple[Metric, ...], knee: str | None = None) -> Table:
    """Return a row for each member: key, each metric on search_val and on test images, architecture.

    Args:
        members: the front, which may be empty.
        metrics: metrics of the run, the objectives first.
        knee: key of the member that is the knee of the front, or None.
    """
    first, last = Column("key"), Column("architecture", one_line=True)
    if not members:
        objectives = (Column(f"{metric.label} {metric.arrow}", number=True) for metric in metrics if metric.direction)
        return Table((first, *objectives, last), ())
    parts = [
        list(_columns(list(scores), members))
        for scores in zip(*(m.objectives + m.others for m in members), strict=True)
    ]
    columns = [column for part in parts for column, _ in part]
    cells = [cells for part in parts for _, cells in part]
    rows: list[Row] = []
    for at, member in enumerate(members):
        link = f"#network-{quote(member.key)}"
        key = Cell(member.key, "knee" if member.key == knee else "", value=member.key, link=link, opens=member.row)
        rows.append((key, *(column[at] for column in cells), describe(member.evaluation["architecture"])))
    return Table((first, *columns, last), tuple(rows), sortable=True)


def _columns(scores: list[Score], members: list[FrontMember]) -> Iterator[tuple[Column, list[Cell]]]:
    """Yield the columns of one metric with their cells: one value, or search, test, interval and drop if it has them.

    Outside of pages only objectives are shown.
    """
    metric = scores[0].metric
    group, other = f"{metric.label} {metric.arrow}".strip(), not metric.direction

    def column(title: str, page_only: bool = False) -> Column:
        return Column(title, group, number=True, page_only=other or page_only)

    tested = any(score.test is not None for score in scores)
    title = "search" if tested or metric.kind == "proportion" else "value"
    yield column(title), [_cell(metric.format(score.search), score.search) for score in scores]
    if tested:
        yield column("test"), [_cell(metric.format(score.test), score.test) for score in scores]
    if metric.direction and any(score.share for score in scores):
        span = _span(scores)
        lows = [None if score.share is None else score.share.low for score in scores]
        yield column("95 % interval"), [_cell(interval_text(s), low) for s, low in zip(scores, lows, strict=True)]
        yield column("", page_only=True), [Cell("", picture=_whisker(score, span)) for score in scores]
    if tested:
        yield column("drop"), [_cell(drop_text(score), score.drop) for score in scores]
    if metric == judged(tuple(s.metric for s in members[0].objectives)) and any(m.tied_with for m in members):
        ties = [Cell(member.tied_with or "", style="note") for member in members]
        yield column("indistinguishable from", page_only=True), ties


def _cell(text: str, value: float | None) -> Cell:
    return Cell(text, value="" if value is None else value)


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
