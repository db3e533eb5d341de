"""Prepare the data of the script of a comparison's page, with networks as rows like a run's evaluations."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from rnas.experiments.comparison._training import CHECKPOINTS, WORST_CASE
from rnas.report import _comparison_text as words
from rnas.report._comparison_tables import scaled
from rnas.report._description import describe
from rnas.report._details import Detail, formats, pack
from rnas.report._drawing import draw
from rnas.report._published import published_row
from rnas.utils._metric import Metric

Content = Mapping[str, Any]

Column = tuple[Metric, list[Any], dict[int, list[float]]]
"""A metric, its value for each network, and the ends of its interval by row."""

_COSTS = (
    ("flops", Metric("flops", "size")),
    ("params", Metric("params", "size")),
    ("latency_ms", Metric("latency, ms")),
    ("training_seconds", Metric("training, seconds")),
)


def comparison_data(content: Content) -> dict[str, Any]:
    """Return everything that the script reads, as one JSON object of columns; a row is a network."""
    networks = content["networks"]
    measured = [_measured(column) for column in content["columns"]]
    costs: list[Column] = [(metric, [one[field] for one in networks], {}) for field, metric in _COSTS]
    metrics = measured + costs
    names = [metric.name for metric, _, _ in metrics]
    main, flops = names.index(_column(CHECKPOINTS[0], WORST_CASE)), names.index("flops")
    return {
        "name": "COMPARISON",
        "words": {"others": "measured here", "row": ""},
        "metrics": [
            {
                "name": metric.name,
                "label": metric.label,
                "axis": f"{metric.label}{_shape(content) if metric.name == 'flops' else ''}",
                "kind": metric.kind,
                "direction": metric.direction,
                "values": values,
                "texts": [metric.format(value) for value in values],
                "intervals": intervals,
            }
            for metric, values, intervals in metrics
        ],
        "evaluations": {
            "key": [one["name"] for one in networks],
            "status": ["complete"] * len(networks),
            "architecture": [describe(one["architecture"]) for one in networks],
            "predicted": [""] * len(networks),
        },
        "front": [],
        "published": [_published(row, [metric for metric, _, _ in metrics]) for row in content["published"]],
        "details": pack([_detail(content, row, dict(_intervals(metrics, row))) for row in range(len(networks))]),
        "formats": formats(),
        "headline": [main, flops],
        "axes": {"x": flops, "y": main, "colour": None},
    }


def _column(checkpoint: str, attack: str) -> str:
    return f"{words.label(attack)}, {checkpoint} checkpoint"


def _measured(column: Mapping[str, Any]) -> Column:
    """Return one kind of accuracy: its metric, its values, and the intervals of those that have one.

    The metric has no direction, since only the tests of the table decide which of two networks is better.
    """
    metric = Metric(_column(column["checkpoint"], column["attack"]), "proportion")
    scores = column["networks"]
    intervals = {row: [one["low"], one["high"]] for row, one in enumerate(scores) if one["low"] is not None}
    return metric, [one["mean"] for one in scores], intervals


def _intervals(metrics: list[Column], row: int) -> Iterator[tuple[str, tuple[float, float]]]:
    for metric, _, intervals in metrics:
        if row in intervals:
            low, high = intervals[row]
            yield metric.name, (low, high)


def _shape(content: Content) -> str:
    shape = "\u00d7".join(map(str, content["data"]["input_shape"]))
    return f" (one {shape} image)"


def _published(row: Mapping[str, Any], metrics: list[Metric]) -> dict[str, Any]:
    """Return a row of a published table, at the published cost; published results are those of best checkpoints."""
    known: dict[str, float] = {}
    if row["flops_billions"]:
        known["flops"] = 1e9 * float(row["flops_billions"])
    if row["params_millions"]:
        known["params"] = 1e6 * float(row["params_millions"])
    for attack in ("clean", "pgd20", "cw40", "autoattack"):
        if row[attack] is not None:
            known[_column(CHECKPOINTS[0], attack)] = row[attack]["mean"] / 100
    return published_row(row["network"], (row["training"], row["source"], row["note"]), known, metrics)


def _alike(content: Content, row: int) -> list[str]:
    """Return the names of the networks that share a letter with one."""
    groups = [set(score["group"]) for score in words.main_column(content)["networks"]]
    return [
        other["name"]
        for number, other in enumerate(content["networks"])
        if number != row and groups[number] & groups[row]
    ]


def _detail(content: Content, row: int, intervals: Mapping[str, tuple[float, float]]) -> Detail:
    one = content["networks"][row]
    main = words.main_column(content)["networks"][row]
    complete = [seed for seed, status in enumerate(one["statuses"]) if status == "complete"]
    facts = {
        "FLOPs": scaled(one),
        "key": one["key"],
        "trainings": ", ".join(f"seed {seed} {status}" for seed, status in enumerate(one["statuses"])),
        "worst case of each seed": ", ".join(words.percent(value) for value in main["seeds"]),
        "best epoch of each seed": ", ".join(map(str, one["best_epochs"])),
        "indistinguishable from": ", ".join(_alike(content, row)),
        "flags": ", ".join(one["flags"]),
        "notes": "; ".join(one["notes"]),
        "devices": ", ".join(one["devices"]),
    }
    variables = {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in one["architecture"].items()
    }
    return Detail(
        drawing=draw(one["architecture"]),
        architecture=one["architecture"],
        variables=variables,
        record=[(name, value) for name, value in facts.items() if value],
        provenance=[],
        curve=[],
        intervals=intervals,
        source=f"{{}}/trainings/{one['key']}-seed-{complete[0]}/best.safetensors" if complete else "",
    )
