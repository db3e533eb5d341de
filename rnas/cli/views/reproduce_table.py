"""A reproduction for people: checks, metrics with their statuses, and what decided them."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rnas.experiments.reproduction._check import Check
from rnas.experiments.reproduction.judgement import LEVEL, NOT, Judged
from rnas.experiments.reproduction.reproduce import Reproduction
from rnas.statistics.interval import Interval

_ALARM = "bold red"
_INTERVALS = "Wilson, as if images were drawn anew; a thousandth around what is no mean over images"
_OTHER_SEEDS = "; those of the other seeds where they decide"
_SOURCES = {"checkpoint": "its checkpoint", "scratch": "scratch", "table": "its table"}


def print_reproduction(console: Console, reproduction: Reproduction) -> None:
    """Print what :func:`rnas.reproduce` returns."""
    _line(console, f"{reproduction.result} ({reproduction.key}), reproduced from {_SOURCES[reproduction.source]}")
    console.print()
    console.print(_checks(reproduction.checks))
    console.print()
    console.print(_metrics(reproduction.metrics))
    console.print()
    if reproduction.seeds and any(metric.seed_spread for metric in reproduction.metrics):
        _print_seed_spread(console, reproduction)
    facts = Table.grid(padding=(0, 2))
    told = dict(reproduction.conditions)
    if any(metric.interval for metric in reproduction.metrics):
        told["intervals"] = f"{_INTERVALS}{_OTHER_SEEDS if reproduction.seeds else ''}"
        told["confidence"] = _confidence(reproduction)
    for name, text in told.items():
        facts.add_row(Text(name, style="bold"), Text(text, overflow="fold"))
    console.print(facts)
    console.print()
    for note in reproduction.notes:
        _line(console, note)
    _line(console, f"{reproduction.status.capitalize()}.", "" if reproduction.reproduced else _ALARM)


def _checks(checks: tuple[Check, ...]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("check", "recorded", "here", ""):
        table.add_column(heading, overflow="fold")
    for check in checks:
        word = {True: "same", False: "differs", None: "not recorded"}[check.same]
        found = "" if check.same else check.found
        style = _ALARM if check.refutes else ""
        table.add_row(Text(check.name), Text(check.recorded), Text(found), Text(word, style=style))
    return table


def _metrics(metrics: tuple[Judged, ...]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("metric", no_wrap=True)
    for heading in ("recorded", "found", "interval"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("status")
    for metric in metrics:
        status = metric.status if metric.found is not None else "not evaluated"
        paired = "" if metric.p_value is None else f", p {metric.p_value:.3g}"
        table.add_row(
            Text(metric.name),
            f"{metric.recorded:.6g}",
            "\u2013" if metric.found is None else f"{metric.found:.6g}",
            "" if metric.interval is None else _ends(metric.interval),
            Text(f"{status}{paired}", style=_ALARM if metric.status == NOT else ""),
        )
    return table


def _print_seed_spread(console: Console, reproduction: Reproduction) -> None:
    """The recorded values among those of other seeds."""
    seeds = ", ".join(map(str, reproduction.seeds))
    share = _percent(1 - reproduction.level)
    _line(console, f"Among trainings with seeds {seeds}, and where {share} of further ones would lie:")
    table = Table(box=None, pad_edge=False)
    table.add_column("metric", no_wrap=True)
    for heading in ("recorded", "mean", "prediction interval"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("the recorded one is")
    for metric in reproduction.metrics:
        if metric.seed_spread is not None:
            mean, place = metric.seed_spread.interval, metric.seed_spread.place
            table.add_row(Text(metric.name), f"{metric.recorded:.6g}", f"{mean.value:.6g}", _ends(mean), place)
    console.print(table)
    console.print()


def _confidence(reproduction: Reproduction) -> str:
    """Of each interval and of all of them."""
    together, count = _percent(1 - LEVEL), len(reproduction.metrics)
    each = _percent(1 - reproduction.level)
    return each if count == 1 else f"{each} each, for {together} of all {count} metrics together (Bonferroni)"


def _percent(share: float) -> str:
    return f"{100 * share:.4g} %"


def _ends(interval: Interval) -> str:
    return f"{interval.low:.4g} to {interval.high:.4g}"


def _line(console: Console, text: str, style: str = "") -> None:
    console.print(Text(text, style=style), soft_wrap=True)
