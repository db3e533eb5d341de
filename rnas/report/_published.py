"""Select published networks for the chart of a run: accuracies as printed, at the networks' original cost."""

from collections.abc import Mapping, Sequence
from typing import Any

from rnas.networks.zoo import Baseline, Published, baselines
from rnas.utils._metric import TEST, Metric

NOTE = (
    "Published networks have their printed accuracies, with robust accuracy under PGD-20, at their original FLOPs. "
    "Their trainings and attacks differ from those of this run, so that they are for orientation and not for ranking."
)
"""Text of the page about published networks."""

_EPSILON = "8/255"
_REACH = 2.0
_COUNTERPARTS = {"clean_accuracy": "clean", "robust_accuracy": "pgd20"}


def published(run: Mapping[str, Any], metrics: Sequence[Metric]) -> list[dict[str, Any]]:
    """Return the rows of published tables that can be shown with a run's evaluations, in the order of the zoo.

    They have the same data, input shape and, under an attack, the same epsilon, 8/255. Their FLOPs are within a factor
    of 2 of those in the run.

    Returns:
        For each row the ``network``, a ``text`` on training and source, and ``values`` and ``texts``, one for each
        metric, which are None and empty if no comparable number was published.
    """
    setting = _setting(run)
    own = [e["metrics"]["flops"] for e in run["evaluations"] if e["metrics"].get("flops") is not None]
    if setting is None or not own:
        return []
    dataset, shape = setting
    return [
        _row(baseline, row, metrics)
        for baseline in baselines().values()
        if baseline.input_shape == shape and min(own) / _REACH <= baseline.cost.flops <= max(own) * _REACH
        for row in baseline.published
        if row.dataset == dataset and (row.clean or row.pgd20)
    ]


def _setting(run: Mapping[str, Any]) -> tuple[str, tuple[int, ...]] | None:
    """Return name and shape of the data, if networks were attacked with the published epsilon, else None."""
    for evaluation in run["evaluations"]:
        provenance = evaluation.get("provenance") or {}
        data, attack = provenance.get("data") or {}, provenance.get("evaluation") or {}
        if data.get("input_shape") and attack.get("epsilon") == _EPSILON:
            return data["name"], tuple(data["input_shape"])
    return None


def _row(baseline: Baseline, row: Published, metrics: Sequence[Metric]) -> dict[str, Any]:
    cost = baseline.cost
    known: dict[str, float] = {"flops": cost.flops, "params": cost.params}
    for name, column in _COUNTERPARTS.items():
        accuracy = getattr(row, column)
        if accuracy is not None:
            known[name] = known[TEST + name] = accuracy.mean / 100
    return published_row(baseline.name, (row.training, row.source, row.note), known, metrics)


def published_row(
    network: str, texts: Sequence[str], known: Mapping[str, float], metrics: Sequence[Metric]
) -> dict[str, Any]:
    """Convert a published result for the page.

    Args:
        network: name of the network.
        texts: texts about its training and its source; empty ones are left out.
        known: published values by metric.
        metrics: metrics of the page.
    """
    values = [known.get(metric.name) for metric in metrics]
    return {
        "network": network,
        "text": "; ".join(filter(None, texts)),
        "values": values,
        "texts": ["" if value is None else metric.format(value) for metric, value in zip(metrics, values, strict=True)],
    }
