"""Derive what a search has found from its ledger: records, front, hypervolume."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rnas import registry
from rnas.nas._loop import spent
from rnas.nas._setup import Setup
from rnas.nas.evaluators.evaluator import CountsImages, SharesCost, Task
from rnas.nas.final_evaluation import FinalMember, ranked
from rnas.nas.front import hypervolume_history, non_dominated
from rnas.nas.ledger import Record
from rnas.nas.objective import minimised
from rnas.nas.quality import Quality, latest_quality, surrogate_quality
from rnas.networks import architecture as arch
from rnas.training.search_cost import NO_COST, SearchCost
from rnas.utils._tabular import Tabular, notebook_table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SCHEMA_VERSION = 1
CHECKPOINTS = "checkpoints"
"""Folder, in a search's directory, of the weights of evaluated architectures, KEY.safetensors."""

_MARGIN = 0.01


@dataclass(frozen=True)
class SearchResult(Tabular):
    """Hold what a search has found so far.

    Attributes:
        setup: configuration and parts of the search.
        records: records of its ledger, in order.
        path: directory of the search, or None if it has none.
        final_records: records of final evaluations, in order.
        fidelity: results of the studies of its rungs, as JSON values.
        rules: what was found of depth and width, as JSON values; None where that was not asked.
    """

    setup: Setup
    records: tuple[Record, ...]
    path: Path | None = None
    final_records: tuple[Record, ...] = ()
    fidelity: tuple[Mapping[str, Any], ...] = ()
    rules: Mapping[str, Any] | None = None

    @property
    def name(self) -> str:
        """Return the name of the search."""
        return self.setup.config.name or ""

    def checkpoint(self, key: str) -> Path | None:
        """Return the file of an architecture's weights; None if the search stored none."""
        path = None if self.path is None else self.path / CHECKPOINTS / f"{key}.safetensors"
        return path if path is not None and path.is_file() else None

    @property
    def complete(self) -> tuple[Record, ...]:
        """Return the records with metrics at the highest rung."""
        return tuple(record for record in self.records if record.complete and record.rung == self._highest_rung)

    @property
    def _highest_rung(self) -> int:
        return len(self.setup.evaluator.rungs) - 1

    @property
    def spent(self) -> float:
        """Return what the proposals so far cost, in evaluations at the highest rung."""
        return spent(self.records, self.setup.evaluator.rungs)

    @property
    def cost(self) -> SearchCost | None:
        """Return the images and seconds of all evaluations, and of what they share, such as a supernet.

        None if the evaluator does not count images.
        """
        costs = self.costs
        return None if costs is None else sum(costs, NO_COST)

    def at_cost(self, images: float) -> "SearchResult | None":
        """Return the search with the first of its records whose cost, with what they share, is at most so many images.

        None if the evaluator does not count images.
        """
        costs = self.costs
        if costs is None:
            return None
        spent = list(accumulate(cost.images for cost in costs))[1:]
        return replace(self, records=self.records[: sum(each <= images for each in spent)])

    @property
    def costs(self) -> list[SearchCost] | None:
        """Return the cost of what evaluations share, and then of each record; None if images are not counted."""
        evaluator = self.setup.evaluator
        if not isinstance(evaluator, CountsImages):
            return None
        costs = [evaluator.shared_cost if isinstance(evaluator, SharesCost) else NO_COST]
        for record in self.records:
            cost = NO_COST
            if record.evaluation is not None:
                cost = evaluator.cost(Task(record.architecture, record.seed, record.fidelity))
                cost += SearchCost(device_seconds=record.evaluation.seconds)
            costs.append(cost)
        return costs

    @property
    def values(self) -> NDArray[np.float64]:
        """Return the objectives (n, objectives) of every record, in a form in which smaller is better.

        NaN without metrics, and at the lower rungs, which are not to be compared with the highest.
        """
        objectives = self.setup.problem.objectives
        shown: list[Mapping[str, float]] = [
            record.metrics if record.rung == self._highest_rung else {} for record in self.records
        ]
        columns = {o.metric: np.array([metrics.get(o.metric, np.nan) for metrics in shown]) for o in objectives}
        return minimised(columns, objectives)

    def front(self) -> tuple[Record, ...]:
        """Return the complete records that no other dominates, sorted by the last objective."""
        values = self.values
        rows = np.flatnonzero(np.isfinite(values).all(axis=1))
        best = rows[non_dominated(values[rows])]
        return tuple(self.records[row] for row in sorted(best, key=lambda row: (values[row, -1], row)))

    def reference_point(self) -> NDArray[np.float64]:
        """Return where hypervolume starts, in minimised form: a fixed value, or the worst seen for an unbounded
        metric.
        """
        reference = self.setup.problem.reference.copy()
        values = self.values
        values = values[np.isfinite(values).all(axis=1)]
        if len(values):
            worst = values.max(axis=0) + _MARGIN * np.ptp(values, axis=0)
            reference = np.where(np.isnan(reference), worst, reference)
        return reference

    def hypervolume(self) -> list[float]:
        """Return the hypervolume, in the objectives' own units, after each record."""
        reference = self.reference_point()
        if np.isnan(reference).any():
            return [0.0] * len(self.records)
        return [float(value) for value in hypervolume_history(self.values, reference)]

    def final_members(self) -> list[FinalMember]:
        """Return the final evaluation of the front, best first; empty if there was none."""
        return ranked(self.front(), self.final_records, self.setup) if self.final_records else []

    def quality(self) -> list[Quality]:
        """Return how well the surrogate predicted the evaluations up to each batch."""
        return surrogate_quality(self.records, self.setup.problem.objectives)

    def latest_quality(self) -> list[Quality]:
        """Return how well it predicted those so far, one an objective; empty before there is anything to compare."""
        return latest_quality(self.records, self.setup.problem.objectives)

    def to_dict(self) -> dict[str, Any]:
        """Return the whole search as JSON values, as ``result.json`` holds it; NaN is None."""
        problem = self.setup.problem
        signs = np.array([objective.sign for objective in problem.objectives])
        run = {
            "schema_version": SCHEMA_VERSION,
            "name": self.setup.config.name,
            "config": self.setup.config.model_dump(mode="json", exclude_none=True),
            "objectives": [{"metric": o.metric, "direction": o.direction} for o in problem.objectives],
            "reference_point": (signs * self.reference_point()).tolist(),
            "ideal_point": (signs * problem.ideal).tolist(),
            "rungs": len(self.setup.evaluator.rungs),
            "evaluations": [_evaluation(record) for record in self.records],
            "front": [record.key for record in self.front()],
            "hypervolume": self.hypervolume(),
            "surrogate": [asdict(quality) for quality in self.quality()],
            "final_evaluation": self._final_evaluation(),
            "fidelity": list(self.fidelity),
            "rules": self.rules,
            "cost": None if self.cost is None else self.cost.to_dict(),
            "notes": list(self.setup.notes),
        }
        clean: dict[str, Any] = _finite(run)
        return clean

    def _final_evaluation(self) -> dict[str, Any] | None:
        final_evaluation = self.setup.config.final_evaluation
        if final_evaluation is None or not self.final_records:
            return None
        return {
            "attacks": list(final_evaluation.attacks),
            "members": [asdict(member) for member in self.final_members()],
        }

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each evaluation: number, key, status and its reason, parameters, metrics, seconds."""
        front = {record.key for record in self.front()}
        return [
            {
                "number": record.number,
                "key": record.key,
                "status": record.status,
                "reason": record.evaluation.reason if record.evaluation else "",
                "on_front": record.key in front,
                **{f"parameter:{name}": value for name, value in record.parameters.items()},
                **record.metrics,
                "seconds": record.evaluation.seconds if record.evaluation else None,
            }
            for record in self.records
        ]

    def plot_front(
        self, ax: "Axes | None" = None, *, x: str | None = None, y: str | None = None, dark: bool = False
    ) -> "Axes":
        """Draw the front among all networks with matplotlib; see :func:`rnas.report.figures.plot_front`."""
        drawn: Axes = registry.load(registry.FIGURES, "front")(self, ax, x=x, y=y, dark=dark)
        return drawn

    def plot_hypervolume(self, ax: "Axes | None" = None, *, dark: bool = False) -> "Axes":
        """Draw the hypervolume after each evaluation; see :func:`rnas.report.figures.plot_hypervolume`."""
        drawn: Axes = registry.load(registry.FIGURES, "hypervolume")(self, ax, dark=dark)
        return drawn

    def __repr__(self) -> str:
        """Return the search in a line."""
        where = f" in {self.path}" if self.path is not None else ""
        return f"<SearchResult {self.name!r}{where}: {len(self.records)} records, {len(self.front())} on the front>"

    def _repr_html_(self) -> str:
        """Return the front as a small table, for notebooks."""
        metrics = [objective.metric for objective in self.setup.problem.objectives]
        rows = [(record.key, *(f"{record.metrics[name]:.4g}" for name in metrics)) for record in self.front()]
        return notebook_table(repr(self), ("key", *metrics), rows)


def _evaluation(record: Record) -> dict[str, Any]:
    result = record.evaluation
    return {
        "number": record.number,
        "key": record.key,
        "architecture": arch.to_dict(record.architecture),
        "parameters": dict(record.parameters),
        "status": record.status,
        "reason": result.reason if result else "",
        "metrics": dict(record.metrics),
        "fidelity": dict(record.fidelity),
        "rung": record.rung,
        "seed": record.seed,
        "batch": record.batch,
        "num_observed": record.num_observed,
        "predictions": {name: asdict(prediction) for name, prediction in record.predictions.items()},
        "curve": [dict(point) for point in result.curve] if result else [],
        "seconds": result.seconds if result else None,
        "provenance": dict(result.provenance) if result else {},
    }


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {name: _finite(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return value
