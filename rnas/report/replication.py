"""Render the report of a replication as one HTML file that needs no other files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from rnas.experiment import REPORT
from rnas.experiments.replications.design import DesignCell, Replication
from rnas.experiments.replications.result import ReplicationResult
from rnas.report import _page as page
from rnas.report import replication_text
from rnas.report._blocks import Block, Cell, Column, Facts, Heading, Line, Row, Table, columns, notes
from rnas.report._description import describe
from rnas.report._whisker import whisker
from rnas.utils._metric import MISSING, Metric
from rnas.utils.files import write_text
from rnas.utils.quantities import format_size

_CLEAN = "test_clean_accuracy"
_SCRIPTS = ("theme.js", "plots.js", "replication.js")


def write(result: ReplicationResult, path: Path) -> None:
    """Write ``report.html`` into the directory of a replication."""
    write_text(path / REPORT, render(result.content))


def render(replication: Mapping[str, Any]) -> str:
    """Return the report as HTML text, from the content of the result; equal replications give equal text."""
    return page.render(
        "replication.html",
        scripts=_SCRIPTS,
        styles=("study.css", "replication.css"),
        charts=True,
        data=figure(replication),
        replication=replication,
        verdict=replication_text.verdict_sentence(replication),
        setting=replication_text.setting_sentence(replication),
        notes=replication_text.notes(replication),
        method=replication_text.METHOD,
        claims=claims_table(replication),
        cells=cells_table(replication),
        failures=Facts({f"{one['key']}, seed {one['seed']}": _failure(one) for one in replication["failures"]}),
        settings=page.yaml_text(replication["settings"]),
    )


def blocks(result: ReplicationResult) -> list[Block]:
    """Return the claims, the verdict on the paper's observation, and what a reader must know."""
    replication = result.content
    return [
        Heading(f"{replication['title']} ({replication['paper'].partition(':')[0]}; {replication['section']})"),
        replication["observation"],
        claims_table(replication),
        Line(replication_text.verdict_sentence(replication), "strong"),
        replication_text.setting_sentence(replication),
        *notes(replication_text.notes(replication)),
    ]


def design(replication: Replication, cells: Sequence[DesignCell]) -> list[Block]:
    """Return what a replication tests."""
    claims = enumerate(replication.claims(cells), 1)
    return [
        Heading(f"{replication.title} ({replication.paper.partition(':')[0]}; {replication.section})"),
        replication.observation,
        *(f"{number}. {claim.statement}" for number, claim in claims),
    ]


def claims_table(replication: Mapping[str, Any]) -> Table:
    """Return each claim with its estimate, the number of comparisons behind it, and its verdict."""
    spans = _spans(replication)
    rows = []
    for claim in replication["claims"]:
        decided = not claim["verdict"].startswith("not")
        rows.append(
            (
                claim["statement"],
                replication_text.expected_text(claim),
                replication_text.estimate_text(claim),
                Cell("", picture=_whisker(claim, spans.get(claim["unit"]))),
                replication_text.p_text(claim),
                replication_text.used_text(claim),
                Cell(claim["verdict"], style="strong" if decided else ""),
            )
        )
    headings = ("claim, as it is tested", "expected", "found [interval]", "", "p (Holm)", "from", "verdict")
    return Table(tuple(Column(heading, page_only=not heading) for heading in headings), tuple(rows))


def cells_table(replication: Mapping[str, Any]) -> Table:
    """Return each cell with the levels of its factors, and mean and standard deviation over seeds."""
    factors = list(dict.fromkeys(name for cell in replication["cells"] for name in cell["factors"]))
    if any("columns" in cell for cell in replication["cells"]):
        return _intervals_table(replication, factors)
    metric = metric_of(replication["figure"]["metric"])
    numbers = (metric.name.replace("_", " "), "test clean accuracy", "FLOPs", "params")
    rows: tuple[Row, ...] = tuple(
        (
            *(replication_text.level_text(cell["factors"].get(name, "")) for name in factors),
            _scores(metric, cell["scores"][metric.name]),
            _scores(metric_of(_CLEAN), cell["scores"][_CLEAN]),
            format_size(cell["flops"]),
            format_size(cell["params"]),
            Cell(cell["key"], describe(cell["architecture"])),
        )
        for cell in replication["cells"]
    )
    return Table(columns(*factors, *numbers, "network", words=len(factors), last_words=1), rows)


def _intervals_table(replication: Mapping[str, Any], factors: Sequence[str]) -> Table:
    """Return each cell with its accuracies and diagnostics, each with its interval and its letters."""
    metrics = list(replication["cells"][0]["columns"])
    order = sorted(
        replication["cells"], key=lambda cell: -(cell["columns"][replication["figure"]["metric"]]["mean"] or 0.0)
    )
    rows: tuple[Row, ...] = tuple(
        (
            *(replication_text.level_text(cell["factors"].get(name, "")) for name in factors),
            *(replication_text.interval_text(metric_of(metric), cell["columns"][metric]) for metric in metrics),
            format_size(cell["flops"]),
            format_size(cell["params"]),
            Cell(cell["key"], describe(cell["architecture"])),
        )
        for cell in order
    )
    names = [replication_text.column_name(metric) for metric in metrics]
    return Table(
        columns(*factors, *names, "FLOPs", "params", "network", words=len(factors), last_words=1),
        rows,
        replication_text.INTERVALS,
    )


def _failure(one: Mapping[str, Any]) -> str:
    return f"{one['status']}: {one['reason']}"


def figure(replication: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data of the page's script: a point for each cell, with means and standard deviations over seeds."""
    drawn = replication["figure"]
    metric = metric_of(drawn["metric"])
    points = []
    for cell in replication["cells"]:
        values = [value for value in cell["scores"][drawn["metric"]] if value is not None]
        if values:
            levels = {"FLOPs": cell["flops"], "params": cell["params"], **cell["factors"]}
            colours = [levels[name] for name in drawn["colour"]]
            panel = ", ".join(f"{name} {replication_text.level_text(levels[name])}" for name in drawn["panel"])
            factors = ", ".join(
                f"{name} {replication_text.level_text(level)}" for name, level in cell["factors"].items()
            )
            points.append(
                {
                    "x": levels[drawn["x"]],
                    "y": fmean(values),
                    "spread": stdev(values) if len(values) > 1 else 0.0,
                    "values": values,
                    "colour": colours[0] if len(colours) == 1 else ", ".join(map(replication_text.level_text, colours)),
                    "panel": panel,
                    "text": f"{factors}; {replication_text.size_text(cell)}",
                    "label": metric.format(fmean(values)),
                }
            )
    return {
        "points": points,
        "x": drawn["x"],
        "y": metric.label,
        "kind": metric.kind,
        "colour": ", ".join(drawn["colour"]),
    }


def metric_of(name: str) -> Metric:
    """Return a metric by its name, which also formats its values."""
    share = name.endswith(("accuracy", "stability", "sparsity"))
    return Metric(name, "proportion" if share else "number")


def _scores(metric: Metric, values: list[float | None]) -> str:
    """Format mean and standard deviation over seeds."""
    found = [value for value in values if value is not None]
    if not found:
        return MISSING
    spread = f" \u00b1 {metric.format(stdev(found))}" if len(found) > 1 else ""
    missing = f" ({len(found)} of {len(values)})" if len(found) < len(values) else ""
    return f"{metric.format(fmean(found))}{spread}{missing}"


def _spans(replication: Mapping[str, Any]) -> dict[str, float]:
    """Return for each unit the largest distance of an interval or a bound from zero, as the scale of its claims."""
    spans: dict[str, float] = {}
    for claim in replication["claims"]:
        if claim["value"] is not None:
            ends = (abs(claim["low"]), abs(claim["high"]), abs(claim["bound"]))
            spans[claim["unit"]] = max(spans.get(claim["unit"], 0.0), *ends)
    return spans


def _whisker(claim: Mapping[str, Any], span: float | None) -> str:
    """Draw the claim's interval with its bounds and zero in the middle; empty if nothing was estimated."""
    if claim["value"] is None or not span:
        return ""
    bounds = {claim["bound"], -claim["bound"]} if claim["expected"] == "within" else {claim["bound"]}
    return whisker(claim["low"], claim["high"], claim["value"], (-span, span), length=180.0, bounds=tuple(bounds))
