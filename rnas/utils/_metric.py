"""Name metrics and format their values."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from rnas.utils.quantities import format_size

MISSING = "\u2013"
"""Text for a missing value."""

TEST = "test_"
"""Prefix of a metric that was measured on the test split."""

_LABELS = {
    "robust_accuracy": "Robust accuracy",
    "clean_accuracy": "Clean accuracy",
    "robust_margin": "Robust margin",
    "worst_case_accuracy": "Worst-case accuracy",
    "l2_accuracy": "Robust accuracy in l2",
    "l1_accuracy": "Robust accuracy in l1",
    "corruption_accuracy": "Accuracy under corruptions",
    "flops": "FLOPs",
    "params": "Params",
    "latency_ms": "Latency (ms)",
    "peak_memory_mb": "Peak memory (MB)",
}
_SIZES = frozenset({"flops", "params"})

Kind = Literal["proportion", "size", "number"]


@dataclass(frozen=True)
class Metric:
    """Describe one metric: its name and how its values are printed.

    Attributes:
        name: name in the ledger.
        kind: ``proportion`` is an accuracy in [0, 1], ``size`` a count such as FLOPs.
        direction: ``maximize`` or ``minimize`` for an objective, else None.
    """

    name: str
    kind: Kind = "number"
    direction: Literal["maximize", "minimize"] | None = None

    @property
    def label(self) -> str:
        """Return the heading of a column or an axis; names that the package does not define stay the same."""
        if self.name.startswith(TEST) and (known := _LABELS.get(self.name.removeprefix(TEST))):
            return f"{known}, test" if known in ("FLOPs", "Params") else f"Test {known[0].lower()}{known[1:]}"
        return _LABELS.get(self.name, self.name)

    @property
    def phrase(self) -> str:
        """Return the label for use inside a sentence."""
        own = self.name.removeprefix(TEST) in _LABELS
        return self.label[0].lower() + self.label[1:] if own and not self.label.startswith("FLOPs") else self.label

    @property
    def arrow(self) -> str:
        """Return an arrow in the direction of better values, or an empty text if the metric is not an objective."""
        return {"maximize": "↑", "minimize": "↓", None: ""}[self.direction]

    def format(self, value: float | None) -> str:
        """Return a value as text: ``71.0 %``, ``1.23M``, ``0.3125``."""
        if value is None:
            return MISSING
        if self.kind == "proportion":
            return f"{100 * value:.1f}\u00a0%"
        if self.kind == "size":
            return format_size(value)
        return f"{value:,.0f}" if float(value).is_integer() and abs(value) < 1e9 else f"{value:.4g}"

    def better(self, values: Iterable[float]) -> float:
        """Return the best of some values; the least if the metric has no direction."""
        return max(values) if self.direction == "maximize" else min(values)


def value_text(name: str, value: float) -> str:
    """Format a value of a metric that is known by its name alone."""
    return metric_of(name, [value]).format(value)


def metrics_of(run: Mapping[str, Any]) -> tuple[Metric, ...]:
    """Return every metric of a run that has a value: first the objectives, then the others as they first appear."""
    columns: dict[str, list[float]] = {objective["metric"]: [] for objective in run["objectives"]}
    for evaluation in run["evaluations"]:
        for name, value in evaluation["metrics"].items():
            if value is not None:
                columns.setdefault(name, []).append(value)
    directions = {objective["metric"]: objective["direction"] for objective in run["objectives"]}
    return tuple(Metric(name, kind_of(name, values), directions.get(name)) for name, values in columns.items())


def metric_of(name: str, values: Iterable[float]) -> Metric:
    """Return a metric that has some values, which is no objective."""
    return Metric(name, kind_of(name, values))


def kind_of(name: str, values: Iterable[float]) -> Kind:
    """Return what the values of a metric are, by its name; an accuracy may be that of one seed."""
    if re.search(r"accuracy(_seed\d+)?$", name) and all(0 <= value <= 1 for value in values):
        return "proportion"
    return "size" if name.removeprefix(TEST) in _SIZES else "number"
