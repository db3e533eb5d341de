"""What the page's script draws and lists: plain columns, ready for JSON."""

from collections.abc import Mapping
from typing import Any

from rnas.report.description import describe
from rnas.report.front import Member
from rnas.report.interval import Proportion
from rnas.report.metric import FINAL, Metric
from rnas.report.progress import Hypervolume

_FORETOLD = ("metric", "after", "tau", "tau_top_fifth", "coverage_90")


def page_data(
    run: Mapping[str, Any], metrics: tuple[Metric, ...], front: list[Member], hypervolume: Hypervolume, shape: str
) -> dict[str, Any]:
    """Everything that the script of the page reads, as one JSON object of columns.

    Values come with their text, so that a number is printed by one piece of code alone.
    """
    evaluations = run["evaluations"]
    return {
        "metrics": [_column(metric, evaluations, shape) | _intervals(metric, front) for metric in metrics],
        "evaluations": {
            "number": [e["number"] for e in evaluations],
            "key": [e["key"] for e in evaluations],
            "status": [e["status"] for e in evaluations],
            "architecture": [describe(e["architecture"]) for e in evaluations],
            "fidelity": [_pairs(e.get("fidelity")) for e in evaluations],
            "seed": [e.get("seed") for e in evaluations],
            "seconds": [e.get("seconds") for e in evaluations],
            "reason": [e.get("reason") or "" for e in evaluations],
            "predicted": [_predicted(e.get("predictions"), metrics) for e in evaluations],
        },
        "front": [member.row for member in front],
        "axes": _axes(metrics),
        "hypervolume": {"values": list(hypervolume.values), "label": hypervolume.label},
        "surrogate": [{name: point[name] for name in _FORETOLD} for point in run["surrogate"]],
        "curves": [{"key": m.key, "points": [dict(p) for p in m.evaluation.get("curve") or ()]} for m in front],
    }


def _column(metric: Metric, evaluations: list[Mapping[str, Any]], shape: str) -> dict[str, Any]:
    found = [evaluation["metrics"].get(metric.name) for evaluation in evaluations]
    # What is drawn is compared, and lower rungs of a fidelity ladder are not to be compared with the highest.
    values = [None if e.get("rungs_above") else value for e, value in zip(evaluations, found, strict=True)]
    counted = f" (one {shape} image)" if metric.name == "flops" and shape else ""
    return {
        "name": metric.name,
        "label": metric.label,
        "axis": f"{metric.label}{counted}",
        "kind": metric.kind,
        "direction": metric.direction,
        "values": values,
        "texts": [metric.format(value) for value in found],
    }


def _intervals(metric: Metric, front: list[Member]) -> dict[str, Any]:
    """Wilson intervals of the front's members, in the front's order, where the metric is counted on images."""
    shares = [_share(metric.name, member) for member in front]
    if not any(shares):
        return {}
    return {"intervals": [None if share is None else [share.low, share.high] for share in shares]}


def _share(name: str, member: Member) -> Proportion | None:
    for score in member.objectives + member.others:
        if score.metric.name == name:
            return score.search_share
        if FINAL + score.metric.name == name:
            return score.final_share
    return None


def _axes(metrics: tuple[Metric, ...]) -> dict[str, int | None]:
    """Which metrics the front is first drawn over: what is minimised runs along x, None is the evaluation's number."""
    objectives = [row for row, metric in enumerate(metrics) if metric.direction]
    if len(objectives) == 1:
        return {"x": None, "y": objectives[0], "colour": None}
    first, second, *rest = objectives
    swapped = metrics[first].direction == "minimize" and metrics[second].direction == "maximize"
    x, y = (first, second) if swapped else (second, first)
    return {"x": x, "y": y, "colour": rest[0] if rest else None}


def _predicted(predictions: Mapping[str, Any] | None, metrics: tuple[Metric, ...]) -> str:
    """What was expected of an evaluation before it was made, in one line."""
    known = {metric.name: metric for metric in metrics}
    parts = []
    for name, prediction in (predictions or {}).items():
        metric = known.get(name, Metric(name))
        spread = metric.format(prediction["std"])
        parts.append(f"{metric.phrase} {metric.format(prediction['mean'])} \u00b1 {spread}")
    return ", ".join(parts)


def _pairs(values: Mapping[str, Any] | None) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in (values or {}).items())
