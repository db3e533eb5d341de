"""Describe a reproduction: its checks, its metrics with their statuses, and what decided them."""

from rnas.experiments.reproduction._check import Check
from rnas.experiments.reproduction.judgement import LEVEL, NOT, Judged
from rnas.experiments.reproduction.reproduce import Reproduction
from rnas.report._blocks import Block, Cell, Facts, Line, Table, columns
from rnas.statistics.interval import Interval

_INTERVALS = "Wilson, as if images were drawn anew; a thousandth around what is no mean over images"
_OTHER_SEEDS = "; those of the other seeds where they decide"
_SOURCES = {"checkpoint": "its checkpoint", "scratch": "scratch", "table": "its table"}


def blocks(reproduction: Reproduction) -> list[Block]:
    """Return what :func:`rnas.reproduce` found."""
    facts = dict(reproduction.conditions)
    if any(metric.interval for metric in reproduction.metrics):
        facts["intervals"] = f"{_INTERVALS}{_OTHER_SEEDS if reproduction.seeds else ''}"
        facts["confidence"] = _confidence(reproduction)
    return [
        f"{reproduction.result} ({reproduction.key}), reproduced from {_SOURCES[reproduction.source]}",
        _checks(reproduction.checks),
        _metrics(reproduction.metrics),
        *_seed_spread(reproduction),
        Facts(facts),
        *reproduction.notes,
        Line(f"{reproduction.status.capitalize()}.", "strong" if reproduction.reproduced else "alarm"),
    ]


def _checks(checks: tuple[Check, ...]) -> Table:
    words = {True: "same", False: "differs", None: "not recorded"}
    rows = tuple(
        (
            check.name,
            check.recorded,
            "" if check.same else check.found,
            Cell(words[check.same], style="alarm" if check.refutes else ""),
        )
        for check in checks
    )
    return Table(columns("check", "recorded", "here", "", words=4), rows)


def _metrics(metrics: tuple[Judged, ...]) -> Table:
    rows = []
    for metric in metrics:
        status = metric.status if metric.found is not None else "not evaluated"
        paired = "" if metric.p_value is None else f", p {metric.p_value:.3g}"
        rows.append(
            (
                metric.name,
                f"{metric.recorded:.6g}",
                "\u2013" if metric.found is None else f"{metric.found:.6g}",
                "" if metric.interval is None else _ends(metric.interval),
                Cell(f"{status}{paired}", style="alarm" if metric.status == NOT else ""),
            )
        )
    return Table(columns("metric", "recorded", "found", "interval", "status", last_words=1), tuple(rows))


def _seed_spread(reproduction: Reproduction) -> list[Block]:
    """Return the recorded values among those of other seeds."""
    rows = tuple(
        (
            metric.name,
            f"{metric.recorded:.6g}",
            f"{metric.seed_spread.interval.value:.6g}",
            _ends(metric.seed_spread.interval),
            metric.seed_spread.place,
        )
        for metric in reproduction.metrics
        if metric.seed_spread is not None
    )
    if not reproduction.seeds or not rows:
        return []
    seeds, share = ", ".join(map(str, reproduction.seeds)), _percent(1 - reproduction.level)
    headings = ("metric", "recorded", "mean", "prediction interval", "the recorded one is")
    return [
        f"Among trainings with seeds {seeds}, and where {share} of further ones would lie:",
        Table(columns(*headings, last_words=1), rows),
    ]


def _confidence(reproduction: Reproduction) -> str:
    """Return the confidence of each interval and of all of them."""
    together, count = _percent(1 - LEVEL), len(reproduction.metrics)
    each = _percent(1 - reproduction.level)
    return each if count == 1 else f"{each} each, for {together} of all {count} metrics together (Bonferroni)"


def _percent(share: float) -> str:
    return f"{100 * share:.4g} %"


def _ends(interval: Interval) -> str:
    return f"{interval.low:.4g} to {interval.high:.4g}"
