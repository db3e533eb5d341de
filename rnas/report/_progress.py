"""Describe the progress of a search by numbers and sentences."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rnas.utils._metric import Metric


@dataclass(frozen=True)
class Hypervolume:
    """The hypervolume after each evaluation.

    Attributes:
        values: hypervolume after each evaluation, None before the first complete one.
        label: text that says what 1 means on this scale.
    """

    values: tuple[float | None, ...]
    label: str

    @property
    def last(self) -> float | None:
        """Return the last value."""
        return next((value for value in reversed(self.values) if value is not None), None)


def normalised_hypervolume(run: Mapping[str, Any]) -> Hypervolume:
    """Return the hypervolume as a share of the box between the reference and the ideal point.

    If a corner of that box is not known, it is a share of the run's last hypervolume instead.
    """
    raw = run["hypervolume"]
    corners = zip(run["reference_point"] or [None], run["ideal_point"] or [None], strict=True)
    sides = [abs(worst - best) for worst, best in corners if worst is not None and best is not None]
    complete = len(sides) == len(run["objectives"]) and math.prod(sides) > 0
    if complete:
        whole, label = math.prod(sides), "share of the box from the reference to the ideal point"
    else:
        whole = next((value for value in reversed(raw) if value), 1.0)
        label = "share of the last hypervolume"
    return Hypervolume(tuple(None if value is None else value / whole for value in raw), label)


def surrogate_sentences(run: Mapping[str, Any], metrics: Sequence[Metric]) -> list[str]:
    """Return for each predicted objective a sentence on the quality of its predictions over the whole run."""
    phrases = {metric.name: metric.phrase for metric in metrics}
    last = {point["metric"]: point for point in run["surrogate"]}
    sentences = []
    for name, point in last.items():
        top = point["tau_top_fifth"]
        within = "" if top is None else f", {top:.2f} within the truly best fifth"
        sentences.append(
            f"{point['predicted']:,} results of {phrases.get(name, name)} were predicted: their order agrees with "
            f"Kendall\u2019s \u03c4 {point['tau_overall']:.2f}{within}, and {100 * point['coverage_90']:.0f} % lie in "
            f"their 90 % intervals."
        )
    return sentences
