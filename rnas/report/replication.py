"""Render the report of a replication as one HTML file that needs no other files."""

from collections.abc import Mapping
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from rnas.experiment import REPORT
from rnas.experiments.replications.result import ReplicationResult
from rnas.report import _page as page
from rnas.report import replication_text
from rnas.report._description import describe
from rnas.report._whisker import whisker
from rnas.utils._metric import MISSING, Metric
from rnas.utils.files import write_text
from rnas.utils.quantities import format_size

_SCRIPTS = ("theme.js", "plots.js", "replication.js")


def write(result: ReplicationResult, path: Path) -> None:
    """Write ``report.html`` into the directory of a replication."""
    write_text(path / REPORT, render(result.content))


def render(replication: Mapping[str, Any]) -> str:
    """Return the report as HTML text, from the content of the result; equal replications give equal text."""
    factors = list(dict.fromkeys(name for cell in replication["cells"] for name in cell["factors"]))
    spans = _spans(replication)
    return page.render(
        "replication.html",
        scripts=_SCRIPTS,
        styles=("replication.css",),
        charts=True,
        data=figure(replication),
        replication=replication,
        verdict=replication_text.verdict_sentence(replication),
        setting=replication_text.setting_sentence(replication),
        notes=replication_text.notes(replication),
        method=replication_text.METHOD,
        claims=[
            {
                "statement": claim["statement"],
                "expected": replication_text.expected_text(claim),
                "estimate": replication_text.estimate_text(claim),
                "whisker": _whisker(claim, spans.get(claim["unit"])),
                "p": replication_text.p_text(claim),
                "used": replication_text.used_text(claim),
                "verdict": claim["verdict"],
            }
            for claim in replication["claims"]
        ],
        factors=factors,
        cells=[_row(replication, cell, factors) for cell in replication["cells"]],
        settings=page.yaml_text(replication["settings"]),
    )


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
    share = name.endswith(("accuracy", "stability"))
    return Metric(name, "proportion" if share else "number")


def _row(replication: Mapping[str, Any], cell: Mapping[str, Any], factors: list[str]) -> dict[str, Any]:
    metric = metric_of(replication["figure"]["metric"])
    return {
        "levels": [
            replication_text.level_text(cell["factors"][name]) if name in cell["factors"] else "" for name in factors
        ],
        "network": describe(cell["architecture"]),
        "key": cell["key"],
        "flops": format_size(cell["flops"]),
        "params": format_size(cell["params"]),
        "scores": _scores(metric, cell["scores"][metric.name]),
        "clean": _scores(metric_of("test_clean_accuracy"), cell["scores"]["test_clean_accuracy"]),
    }


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
