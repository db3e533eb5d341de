"""Prepare the details of each network for the page; they are packed, since a page may hold a thousand of them."""

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from rnas import registry
from rnas.report._drawing import draw
from rnas.report._front import at_highest_rung, share_of
from rnas.report._page import short
from rnas.report._provenance import leaves
from rnas.utils._metric import Metric
from rnas.utils.quantities import pluralize

_DRAWN = 2000
"""Largest number of evaluations for which all networks are drawn; in a longer run only the front is drawn."""

_EACH = 250
"""Number of details in one part: large for compression, small enough to unpack at a click."""


@dataclass(frozen=True)
class Detail:
    """Return the details of one network in addition to its metrics.

    Attributes:
        drawing: markup of the drawing; empty if it is not drawn.
        architecture: the architecture's JSON object.
        variables: values by name, for the comparison of two networks.
        record: names and values of the facts recorded with its result.
        provenance: names and values of its provenance.
        curve: the training, one mapping of numbers for each epoch.
        intervals: ends of the 95 % intervals by the name of the metric, for metrics that have one.
        source: argument of ``rnas export`` for the network, with ``{}`` for the folder of the page; empty without a
            result.
    """

    drawing: str
    architecture: Mapping[str, Any]
    variables: Mapping[str, Any]
    record: Sequence[tuple[str, str]]
    provenance: Sequence[tuple[str, str]]
    curve: Sequence[Mapping[str, Any]]
    intervals: Mapping[str, tuple[float, float]]
    source: str


def details(run: Mapping[str, Any], metrics: Sequence[Metric]) -> list[Detail]:
    """Return the details of each evaluation of a run, in order."""
    evaluations = run["evaluations"]
    front = frozenset(run["front"])
    return [
        Detail(
            draw(e["architecture"]) if len(evaluations) <= _DRAWN or e["key"] in front else "",
            e["architecture"],
            e["parameters"],
            _record(run, e, metrics),
            list(leaves(e.get("provenance") or {})),
            e.get("curve") or (),
            _intervals(e, metrics),
            f"{{}}:{e['key']}" if e["status"] == "complete" else "",
        )
        for e in evaluations
    ]


def pack(found: Sequence[Detail]) -> dict[str, Any]:
    """Pack the details in parts of ``each``; a part is columns as JSON, deflated, in base64.

    Raises:
        ValueError: a number is not finite.
    """
    return {
        "each": _EACH,
        "parts": [_packed(found[start : start + _EACH]) for start in range(0, len(found), _EACH)],
    }


def formats() -> list[dict[str, str]]:
    """Return the formats of ``rnas export``, each with the suffix of its file, the most readable first."""
    found = []
    for name in sorted(registry.names(registry.EXPORTS), key=lambda name: (name != "standalone", name)):
        # A report must not fail because the format of another package cannot be imported.
        with suppress(ImportError):
            found.append({"name": name, "suffix": registry.load(registry.EXPORTS, name).suffix})
    return found


def predicted(evaluation: Mapping[str, Any], metrics: Sequence[Metric]) -> str:
    """Return, in one line, the prediction that was made before an evaluation."""
    known = {metric.name: metric for metric in metrics}
    parts = []
    for name, prediction in (evaluation.get("predictions") or {}).items():
        metric = known.get(name, Metric(name))
        spread = metric.format(prediction["std"])
        parts.append(f"{metric.phrase} {metric.format(prediction['mean'])} \u00b1 {spread}")
    return ", ".join(parts)


def fidelity(evaluation: Mapping[str, Any]) -> str:
    """Return the fidelity of an evaluation in one line."""
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in (evaluation.get("fidelity") or {}).items())


def _intervals(evaluation: Mapping[str, Any], metrics: Sequence[Metric]) -> dict[str, tuple[float, float]]:
    shares = {metric.name: share_of(evaluation, metric) for metric in metrics}
    return {name: (share.low, share.high) for name, share in shares.items() if share is not None}


def _record(run: Mapping[str, Any], evaluation: Mapping[str, Any], metrics: Sequence[Metric]) -> list[tuple[str, str]]:
    seconds, observed = (evaluation.get(name) for name in ("seconds", "num_observed"))
    facts = {
        "status": evaluation["status"].replace("-", " "),
        "reason": evaluation.get("reason"),
        "seed": evaluation.get("seed"),
        "fidelity": fidelity(evaluation),
        "rung": "" if at_highest_rung(run, evaluation) else f"{evaluation['rung'] + 1} of {run['rungs']}",
        "seconds": None if seconds is None else f"{seconds:,.1f}",
        "batch": evaluation.get("batch"),
        "proposed from": None if observed is None else pluralize(observed, "result"),
        "predicted": predicted(evaluation, metrics),
    }
    return [(name, str(value)) for name, value in facts.items() if value not in (None, "")]


def _packed(part: Sequence[Detail]) -> str:
    columns = {
        "drawing": [one.drawing for one in part],
        "architecture": [json.dumps(one.architecture, ensure_ascii=False) for one in part],
        "variables": [dict(one.variables) for one in part],
        "record": [list(one.record) for one in part],
        "provenance": [list(one.provenance) for one in part],
        "curve": [_columns(one.curve) for one in part],
        "intervals": [
            {name: [short(low, 4), short(high, 4)] for name, (low, high) in one.intervals.items()} for one in part
        ],
        "source": [one.source for one in part],
    }
    text = json.dumps(columns, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def _columns(curve: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    names = dict.fromkeys(name for point in curve for name in point)
    return {name: [short(point.get(name), 5) for point in curve] for name in names}
