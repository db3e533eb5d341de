"""A study as one HTML file that needs nothing else."""

from collections.abc import Mapping
from statistics import fmean, stdev
from typing import Any

from rnas.quantities import format_size
from rnas.report import page, study_text
from rnas.report.description import describe
from rnas.report.metric import MISSING, Metric
from rnas.report.whisker import whisker

_SCRIPTS = ("theme.js", "plots.js", "study.js")


def render(study: Mapping[str, Any]) -> str:
    """The report as HTML text, from what study.json holds; equal studies give equal text."""
    factors = list(dict.fromkeys(name for cell in study["cells"] for name in cell["factors"]))
    spans = _spans(study)
    return page.render(
        "study.html",
        scripts=_SCRIPTS,
        styles=("study.css",),
        charts=True,
        data=figure(study),
        study=study,
        verdict=study_text.verdict_sentence(study),
        setting=study_text.setting_sentence(study),
        notes=study_text.notes(study),
        method=study_text.METHOD,
        claims=[
            {
                "statement": claim["statement"],
                "expected": study_text.expected_text(claim),
                "estimate": study_text.estimate_text(claim),
                "whisker": _whisker(claim, spans.get(claim["unit"])),
                "p": study_text.p_text(claim),
                "used": study_text.used_text(claim),
                "verdict": claim["verdict"],
            }
            for claim in study["claims"]
        ],
        factors=factors,
        cells=[_row(study, cell, factors) for cell in study["cells"]],
        settings=page.yaml_text(study["settings"]),
    )


def figure(study: Mapping[str, Any]) -> dict[str, Any]:
    """What the page's script draws: a point for each cell, its means over seeds and their spread."""
    drawn = study["figure"]
    metric = metric_of(drawn["metric"])
    points = []
    for cell in study["cells"]:
        values = [value for value in cell["scores"][drawn["metric"]] if value is not None]
        if values:
            levels = {"FLOPs": cell["flops"], "params": cell["params"], **cell["factors"]}
            colours = [levels[name] for name in drawn["colour"]]
            panel = ", ".join(f"{name} {study_text.level_text(levels[name])}" for name in drawn["panel"])
            factors = ", ".join(f"{name} {study_text.level_text(level)}" for name, level in cell["factors"].items())
            points.append(
                {
                    "x": levels[drawn["x"]],
                    "y": fmean(values),
                    "spread": stdev(values) if len(values) > 1 else 0.0,
                    "values": values,
                    "colour": colours[0] if len(colours) == 1 else ", ".join(map(study_text.level_text, colours)),
                    "panel": panel,
                    "text": f"{factors}; {study_text.size_text(cell)}",
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
    """A metric by its name, with how its values are printed."""
    share = name.endswith(("accuracy", "stability"))
    return Metric(name, "proportion" if share else "number")


def _row(study: Mapping[str, Any], cell: Mapping[str, Any], factors: list[str]) -> dict[str, Any]:
    metric = metric_of(study["figure"]["metric"])
    return {
        "levels": [study_text.level_text(cell["factors"][name]) if name in cell["factors"] else "" for name in factors],
        "network": describe(cell["architecture"]),
        "key": cell["key"],
        "flops": format_size(cell["flops"]),
        "params": format_size(cell["params"]),
        "scores": _scores(metric, cell["scores"][metric.name]),
        "clean": _scores(metric_of("test_clean_accuracy"), cell["scores"]["test_clean_accuracy"]),
    }


def _scores(metric: Metric, values: list[float | None]) -> str:
    """Mean and standard deviation over seeds."""
    found = [value for value in values if value is not None]
    if not found:
        return MISSING
    spread = f" \u00b1 {metric.format(stdev(found))}" if len(found) > 1 else ""
    missing = f" ({len(found)} of {len(values)})" if len(found) < len(values) else ""
    return f"{metric.format(fmean(found))}{spread}{missing}"


def _spans(study: Mapping[str, Any]) -> dict[str, float]:
    """For each unit the farthest that an interval or a bound is from zero: claims of one unit have one scale."""
    spans: dict[str, float] = {}
    for claim in study["claims"]:
        if claim["value"] is not None:
            ends = (abs(claim["low"]), abs(claim["high"]), abs(claim["bound"]))
            spans[claim["unit"]] = max(spans.get(claim["unit"], 0.0), *ends)
    return spans


def _whisker(claim: Mapping[str, Any], span: float | None) -> str:
    """The claim's interval with its bounds, zero in the middle; empty where nothing was estimated."""
    if claim["value"] is None or not span:
        return ""
    bounds = {claim["bound"], -claim["bound"]} if claim["expected"] == "within" else {claim["bound"]}
    return whisker(claim["low"], claim["high"], claim["value"], (-span, span), length=180.0, bounds=tuple(bounds))
