"""Write the text and the table of a fidelity study, from its JSON."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rnas.experiment import REPORT
from rnas.nas.fidelity_study import FidelityResult
from rnas.nas.supernet.settings import FINETUNED
from rnas.report import _page as page
from rnas.report._blocks import Block, Table, columns
from rnas.utils.quantities import format_size, pluralize

Study = Mapping[str, Any]


def write(result: FidelityResult, path: Path) -> None:
    """Write ``report.html`` of a study into its directory."""
    page.write_blocks(path / REPORT, "fidelity", "How well the lower rungs rank networks", blocks(result))


def blocks(result: FidelityResult) -> list[Block]:
    """Return what a reader is shown, in order."""
    return section(result.to_dict())


def section(study: Study) -> list[Block]:
    """Return the figures of a study, what they mean, and whether the optimum moves between rungs."""
    return [quality_table(study), *ranking_sentences(study), *captions(study), *shift_sentences(study)]


def quality_table(study: Study) -> Table:
    """Return the table with a row for each lower rung and band of FLOPs."""
    rows = [
        (
            _fidelity(study, quality["rung"]),
            f"{format_size(quality['flops'][0])} to {format_size(quality['flops'][1])}",
            str(quality["architectures"]),
            _interval(quality["tau"]),
            _interval(quality["ceiling"]),
            _interval(quality["noise"]),
            _interval(quality["recall"], "{:.0%}"),
            _interval(_points(quality["regret"]), "{:.1f}"),
        )
        for quality in study["quality"]
    ]
    headings = ("rung", "FLOPs", "networks", "tau", "ceiling", "own noise", "top fifth promoted", "regret, points")
    return Table(columns(*headings, words=2), tuple(rows))


def ranking_sentences(study: Study) -> list[str]:
    """Return a sentence for each rung and band in which the rung does not rank networks."""
    return [
        f"{_fidelity(study, quality['rung'])} does not rank networks of {format_size(quality['flops'][0])} to "
        f"{format_size(quality['flops'][1])} FLOPs: the interval of tau includes 0."
        for quality in study["quality"]
        if quality["tau"]["low"] <= 0
    ]


def captions(study: Study) -> list[str]:
    """Return the sentences that explain the numbers."""
    failures = study["failures"]
    return [
        f"{pluralize(study['architectures'], 'network')}, {pluralize(study['seeds'], 'seed')} at each rung, ranked by "
        f"{study['metric'].replace('_', ' ')}; the highest rung is {_settings(study['fidelities'][-1])}.",
        "tau is Kendall's tau between the rung and the highest, with different seeds. Ceiling is tau between two seeds "
        "at the highest rung, the most that any rung can reach. Own noise is tau between two seeds at the rung.",
        f"Top fifth promoted is the share of the truly best fifth among the {study['promote']:.0%} promoted. Regret "
        "is the score of the best network minus that of the best promoted one.",
        "Brackets hold 95 % intervals over networks.",
        *([f"Left out: {pluralize(failures, 'failed evaluation')}."] if failures else []),
    ]


def shift_sentences(study: Study) -> list[str]:
    """Return for each rung and quantity a sentence that says whether the optimum moves."""
    sentences = []
    for shift in study["shifts"]:
        moved = shift["shift"]
        verdict = "moves it" if shift["found"] else "does not move it distinguishably"
        sentences.append(
            f"Optimum of {shift['quantity']}: {shift['lower']:.2f} at {_fidelity(study, shift['rung'])}, "
            f"{shift['highest']:.2f} at the highest rung; the short training {verdict} "
            f"({moved['value']:+.2f}, 95 % interval {moved['low']:+.2f} to {moved['high']:+.2f})."
        )
    return sentences


def _fidelity(study: Study, rung: int) -> str:
    own, highest = study["fidelities"][rung], study["fidelities"][-1]
    changed = {name: value for name, value in own.items() if highest.get(name) != value}
    return f"{_settings(changed)} ({study['shares'][rung]:.0%} of the cost)"


def _settings(fidelity: Mapping[str, Any]) -> str:
    return ", ".join(_setting(name, value) for name, value in fidelity.items())


def _setting(name: str, value: Any) -> str:
    if name == FINETUNED:
        return f"shared weights, fine-tuned for {pluralize(value, 'epoch')}" if value else "shared weights"
    if name in ("epochs", "images"):
        return f"{value} {name.removesuffix('s') if value == 1 else name}"
    return f"{name.replace('_', ' ')} {value}"


def _points(estimate: Mapping[str, float]) -> dict[str, float]:
    """Convert a share to percentage points."""
    return {name: 100 * value for name, value in estimate.items()}


def _interval(estimate: Mapping[str, float] | None, form: str = "{:.2f}") -> str:
    if estimate is None:
        return "\u2013"
    value, low, high = (form.format(estimate[name]) for name in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"
