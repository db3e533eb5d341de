"""How a metric of a run is named and printed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from rnas.utils.quantities import format_size

MISSING = "\u2013"
"""What is printed where there is no value."""

TEST = "test_"
"""Prefix of a metric that was measured on the images that nothing chose on."""

_LABELS = {
    "robust_accuracy": "Robust accuracy",
    "clean_accuracy": "Clean accuracy",
    "robust_margin": "Robust margin",
    "flops": "FLOPs",
    "params": "Params",
}
_SIZES = frozenset({"flops", "params"})

Kind = Literal["proportion", "size", "number"]


@dataclass(frozen=True)
class Metric:
    """One metric: what it is called and how its values are printed.

    Attributes:
        name: name in the ledger.
        kind: ``proportion`` is an accuracy in [0, 1], ``size`` a count such as FLOPs.
        direction: ``maximize`` or ``minimize`` where it is an objective, else None.
    """

    name: str
    kind: Kind = "number"
    direction: Literal["maximize", "minimize"] | None = None

    @property
    def label(self) -> str:
        """Heading of a column or an axis; names that are not the package's own stay as they are."""
        if self.name.startswith(TEST) and (known := _LABELS.get(self.name.removeprefix(TEST))):
            return f"{known}, final" if known in ("FLOPs", "Params") else f"Final {known[0].lower()}{known[1:]}"
        return _LABELS.get(self.name, self.name)

    @property
    def phrase(self) -> str:
        """The label inside a sentence."""
        own = self.name.removeprefix(TEST) in _LABELS
        return self.label[0].lower() + self.label[1:] if own and not self.label.startswith("FLOPs") else self.label

    @property
    def arrow(self) -> str:
        """An arrow towards better, or nothing where the metric is no objective."""
        return {"maximize": "↑", "minimize": "↓", None: ""}[self.direction]

    def format(self, value: float | None) -> str:
        """A value as text: ``71.0 %``, ``1.23M``, ``0.3125``."""
        if value is None:
            return MISSING
        if self.kind == "proportion":
            return f"{100 * value:.1f}\u00a0%"
        if self.kind == "size":
            return format_size(value)
        return f"{value:,.0f}" if float(value).is_integer() and abs(value) < 1e9 else f"{value:.4g}"

    def better(self, values: Iterable[float]) -> float:
        """The best of some values; the least where the metric has no direction."""
        return max(values) if self.direction == "maximize" else min(values)


def metrics_of(run: Mapping[str, Any]) -> tuple[Metric, ...]:
    """Every metric of a run that has a value: objectives in their order, then the others as they first appear."""
    columns: dict[str, list[float]] = {objective["metric"]: [] for objective in run["objectives"]}
    for evaluation in run["evaluations"]:
        for name, value in evaluation["metrics"].items():
            if value is not None:
                columns.setdefault(name, []).append(value)
    directions = {objective["metric"]: objective["direction"] for objective in run["objectives"]}
    return tuple(Metric(name, _kind(name, values), directions.get(name)) for name, values in columns.items())


def _kind(name: str, values: list[float]) -> Kind:
    if name.endswith("accuracy") and all(0 <= value <= 1 for value in values):
        return "proportion"
    return "size" if name.removeprefix(TEST) in _SIZES else "number"
