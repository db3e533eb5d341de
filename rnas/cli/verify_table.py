"""A verification for people: checks, metrics with their verdicts, and what decided them."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rnas.interval import Interval
from rnas.verification.check import Check
from rnas.verification.judgement import LEVEL, NOT, Judged
from rnas.verification.verify import Verification

_ALARM = "bold red"
_INTERVALS = "Wilson, as if images were drawn anew; a thousandth around what is no mean over images"
_OTHER_SEEDS = "; those of the other seeds where they decide"
_SOURCES = {"checkpoint": "its checkpoint", "scratch": "scratch", "table": "its table"}


def print_verification(console: Console, verification: Verification) -> None:
    """Print what :func:`rnas.verification.verify.verify` returns."""
    _line(console, f"{verification.claim} ({verification.key}), verified from {_SOURCES[verification.source]}")
    console.print()
    console.print(_checks(verification.checks))
    console.print()
    console.print(_metrics(verification.metrics))
    console.print()
    if verification.seeds and any(metric.seed_spread for metric in verification.metrics):
        _print_seed_spread(console, verification)
    facts = Table.grid(padding=(0, 2))
    told = dict(verification.conditions)
    if any(metric.interval for metric in verification.metrics):
        told["intervals"] = f"{_INTERVALS}{_OTHER_SEEDS if verification.seeds else ''}"
        told["confidence"] = _confidence(verification)
    for name, text in told.items():
        facts.add_row(Text(name, style="bold"), Text(text, overflow="fold"))
    console.print(facts)
    console.print()
    for note in verification.notes:
        _line(console, note)
    _line(console, f"{verification.verdict.capitalize()}.", "" if verification.reproduced else _ALARM)


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
    table.add_column("verdict")
    for metric in metrics:
        verdict = metric.verdict if metric.found is not None else "not evaluated"
        paired = "" if metric.p_value is None else f", p {metric.p_value:.3g}"
        table.add_row(
            Text(metric.name),
            f"{metric.recorded:.6g}",
            "\u2013" if metric.found is None else f"{metric.found:.6g}",
            "" if metric.interval is None else _ends(metric.interval),
            Text(f"{verdict}{paired}", style=_ALARM if metric.verdict == NOT else ""),
        )
    return table


def _print_seed_spread(console: Console, verification: Verification) -> None:
    """The recorded values among those of other seeds."""
    seeds = ", ".join(map(str, verification.seeds))
    share = _percent(1 - verification.level)
    _line(console, f"Among trainings with seeds {seeds}, and where {share} of further ones would lie:")
    table = Table(box=None, pad_edge=False)
    table.add_column("metric", no_wrap=True)
    for heading in ("recorded", "mean", "prediction interval"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("the recorded one is")
    for metric in verification.metrics:
        if metric.seed_spread is not None:
            mean, place = metric.seed_spread.interval, metric.seed_spread.place
            table.add_row(Text(metric.name), f"{metric.recorded:.6g}", f"{mean.value:.6g}", _ends(mean), place)
    console.print(table)
    console.print()


def _confidence(verification: Verification) -> str:
    """Of each interval and of all of them."""
    together, count = _percent(1 - LEVEL), len(verification.metrics)
    each = _percent(1 - verification.level)
    return each if count == 1 else f"{each} each, for {together} of all {count} metrics together (Bonferroni)"


def _percent(share: float) -> str:
    return f"{100 * share:.4g} %"


def _ends(interval: Interval) -> str:
    return f"{interval.low:.4g} to {interval.high:.4g}"


def _line(console: Console, text: str, style: str = "") -> None:
    console.print(Text(text, style=style), soft_wrap=True)
