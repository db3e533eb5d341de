"""Prepare the data of the page's script as plain columns for JSON."""

from collections.abc import Mapping
from typing import Any

from rnas.report._description import describe
from rnas.report._details import details, fidelity, formats, pack, predicted
from rnas.report._front import FrontMember, at_highest_rung, share_of
from rnas.report._page import short
from rnas.report._progress import Hypervolume
from rnas.report._published import published
from rnas.utils._metric import Metric

_DIGITS = 7
_PREDICTED = ("metric", "after", "tau", "tau_top_fifth", "coverage_90")


def page_data(
    run: Mapping[str, Any], metrics: tuple[Metric, ...], front: list[FrontMember], hypervolume: Hypervolume, shape: str
) -> dict[str, Any]:
    """Return everything that the script of the page reads, as one JSON object of columns.

    Values come with their text, so that only one piece of code formats numbers.
    """
    evaluations = run["evaluations"]
    return {
        "name": run["name"],
        "words": {"others": "evaluated", "row": "evaluation"},
        "metrics": [_column(metric, run, shape) | _intervals(metric, front) for metric in metrics],
        "evaluations": {
            "number": [e["number"] for e in evaluations],
            "key": [e["key"] for e in evaluations],
            "status": [e["status"] for e in evaluations],
            "architecture": [describe(e["architecture"]) for e in evaluations],
            "fidelity": [fidelity(e) for e in evaluations],
            "seed": [e.get("seed") for e in evaluations],
            "seconds": [short(e.get("seconds"), _DIGITS) for e in evaluations],
            "reason": [e.get("reason") or "" for e in evaluations],
            "predicted": [predicted(e, metrics) for e in evaluations],
        },
        "front": [member.row for member in front],
        "published": published(run, metrics),
        "details": pack(details(run, metrics)),
        "formats": formats(),
        "headline": [row for row, metric in enumerate(metrics) if metric.direction],
        "axes": _axes(metrics) | {"cost": _cost(metrics)},
        "hypervolume": {"values": [short(value, _DIGITS) for value in hypervolume.values], "label": hypervolume.label},
        "surrogate": [{name: short(point[name], 4) for name in _PREDICTED} for point in run["surrogate"]],
        "curves": [{"key": m.key, "points": [dict(p) for p in m.evaluation.get("curve") or ()]} for m in front],
    }


def _column(metric: Metric, run: Mapping[str, Any], shape: str) -> dict[str, Any]:
    evaluations = run["evaluations"]
    found = [evaluation["metrics"].get(metric.name) for evaluation in evaluations]
    # Readers compare the points of the chart, but results of lower rungs cannot be compared with the highest.
    values = [value if at_highest_rung(run, e) else None for e, value in zip(evaluations, found, strict=True)]
    counted = f" (one {shape} image)" if metric.name == "flops" and shape else ""
    return {
        "name": metric.name,
        "label": metric.label,
        "axis": f"{metric.label}{counted}",
        "kind": metric.kind,
        "direction": metric.direction,
        "values": [short(value, _DIGITS) for value in values],
        "texts": [metric.format(value) for value in found],
    }


def _intervals(metric: Metric, front: list[FrontMember]) -> dict[str, Any]:
    """Return Wilson intervals of the front's members by row, if the metric is counted on images."""
    shares = {member.row: share_of(member.evaluation, metric) for member in front}
    return {
        "intervals": {
            row: [short(share.low, 4), short(share.high, 4)] for row, share in shares.items() if share is not None
        }
    }


def _cost(metrics: tuple[Metric, ...]) -> int | None:
    """Return the metric that evaluations can be filtered by: FLOPs, or else the first minimised objective."""
    named = [row for row, metric in enumerate(metrics) if metric.name == "flops"]
    return next(iter(named + [row for row, metric in enumerate(metrics) if metric.direction == "minimize"]), None)


def _axes(metrics: tuple[Metric, ...]) -> dict[str, int | None]:
    """Return the initial axes of the front's chart: x is a minimised metric, or None for the evaluation's number."""
    objectives = [row for row, metric in enumerate(metrics) if metric.direction]
    if len(objectives) == 1:
        return {"x": None, "y": objectives[0], "colour": None}
    first, second, *rest = objectives
    swapped = metrics[first].direction == "minimize" and metrics[second].direction == "maximize"
    x, y = (first, second) if swapped else (second, first)
    return {"x": x, "y": y, "colour": rest[0] if rest else None}
