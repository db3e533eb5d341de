"""Published networks for the chart of a run: accuracies as printed, at the networks' own cost."""

from collections.abc import Mapping, Sequence
from typing import Any

from rnas.networks.zoo import Baseline, Published, baselines
from rnas.utils.metric import TEST, Metric

NOTE = (
    "Published: accuracies as printed, robust accuracy being that under PGD-20, at the networks' own FLOPs. They are "
    "from other trainings and other attacks than this run's: for orientation, and not to be ranked with it."
)
"""What the page says about them."""

_EPSILON = "8/255"
_REACH = 2.0
_COUNTERPARTS = {"clean_accuracy": "clean", "robust_accuracy": "pgd20"}


def published(run: Mapping[str, Any], metrics: Sequence[Metric]) -> list[dict[str, Any]]:
    """Return the rows of published tables that can be shown with a run's evaluations, in the order of the zoo.

    They are of the same data at the same input shape and, where there is an attack, of the same epsilon, 8/255; their
    FLOPs are within a factor of 2 of those that the run has.

    Returns:
        For each row the ``network``, a ``text`` on training and source, and ``values`` and ``texts``, one for each
        metric, None and empty where nothing was published that compares with it.
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
    """Name and shape of the data that networks were attacked on with the published epsilon; None for another."""
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
    network: str, told: Sequence[str], known: Mapping[str, float], metrics: Sequence[Metric]
) -> dict[str, Any]:
    """Convert a published result for the page.

    Args:
        network: its name.
        told: of its training and where it was printed; what is empty is left out.
        known: what was printed, by metric.
        metrics: those of the page.
    """
    values = [known.get(metric.name) for metric in metrics]
    return {
        "network": network,
        "text": "; ".join(filter(None, told)),
        "values": values,
        "texts": ["" if value is None else metric.format(value) for metric, value in zip(metrics, values, strict=True)],
    }
