"""A run as its user reads it: records, front, hypervolume. Everything is derived from the ledger."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import make_url

from rnas.nas.config import Config, Setup
from rnas.nas.directory import RunDirectory
from rnas.nas.final_evaluation import FinalMember, ledger_of, ranked
from rnas.nas.front import hypervolume_history, non_dominated
from rnas.nas.ledger import Ledger, Record
from rnas.nas.loop import spent
from rnas.nas.objective import minimised
from rnas.nas.quality import Quality, latest_quality, surrogate_quality
from rnas.networks import architecture as arch
from rnas.utils.files import write_text

SCHEMA_VERSION = 1
_MARGIN = 0.01


class Run:
    """What a search has found so far.

    Args:
        setup: configuration and parts of the run.
        records: of its ledger, in order.
        directory: where it is kept, or None for one that is not.
        final_records: of final evaluations, in their order.
    """

    def __init__(
        self,
        setup: Setup,
        records: Sequence[Record],
        directory: RunDirectory | None = None,
        final_records: Sequence[Record] = (),
    ) -> None:
        self.setup = setup
        self.records = tuple(records)
        self.directory = directory
        self.final_records = tuple(final_records)

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read a run's directory as it is now, also while it is searching.

        Raises:
            InputError: this is no run.
            LedgerError: its ledger is damaged.
        """
        directory = RunDirectory(Path(path))
        setup = directory.setup()
        with directory.reading(setup) as ledger:
            return cls.of(setup, ledger, directory)

    @classmethod
    def of(cls, setup: Setup, ledger: Ledger, directory: RunDirectory | None = None) -> Self:
        """A run as its ledger is now."""
        final_evaluation = setup.config.final_evaluation
        judged = None if final_evaluation is None else ledger_of(ledger, setup, final_evaluation, new=False)
        return cls(setup, ledger.records, directory, () if judged is None else judged.records)

    @property
    def complete(self) -> tuple[Record, ...]:
        """Records with metrics, of the highest rung."""
        return tuple(record for record in self.records if record.complete and record.rungs_above == 0)

    @property
    def spent(self) -> float:
        """What the proposals so far cost, in evaluations at the highest rung."""
        return spent(self.records, self.setup.evaluator.rungs)

    @property
    def values(self) -> NDArray[np.float64]:
        """Objectives (n, objectives) of every record, in a form where smaller is better.

        NaN without metrics, and at the lower rungs, which are not to be compared with the highest.
        """
        objectives = self.setup.problem.objectives
        shown: list[Mapping[str, float]] = [{} if record.rungs_above else record.metrics for record in self.records]
        columns = {o.metric: np.array([metrics.get(o.metric, np.nan) for metrics in shown]) for o in objectives}
        return minimised(columns, objectives)

    def front(self) -> tuple[Record, ...]:
        """Complete records that no other beats in every objective, sorted by the last objective."""
        values = self.values
        rows = np.flatnonzero(np.isfinite(values).all(axis=1))
        best = rows[non_dominated(values[rows])]
        return tuple(self.records[row] for row in sorted(best, key=lambda row: (values[row, -1], row)))

    def reference_point(self) -> NDArray[np.float64]:
        """Where hypervolume starts, smaller-is-better form: fixed, or for an unbounded metric the worst seen."""
        reference = self.setup.problem.reference.copy()
        values = self.values
        values = values[np.isfinite(values).all(axis=1)]
        if len(values):
            worst = values.max(axis=0) + _MARGIN * np.ptp(values, axis=0)
            reference = np.where(np.isnan(reference), worst, reference)
        return reference

    def hypervolume(self) -> list[float]:
        """Hypervolume, in the objectives' own units, after each record."""
        reference = self.reference_point()
        if np.isnan(reference).any():
            return [0.0] * len(self.records)
        return [float(value) for value in hypervolume_history(self.values, reference)]

    def final_members(self) -> list[FinalMember]:
        """The front judged for good, best first; empty where no final evaluation was made."""
        return ranked(self.front(), self.final_records, self.setup) if self.final_records else []

    def quality(self) -> list[Quality]:
        """How well the surrogate foretold the evaluations up to each batch."""
        return surrogate_quality(self.records, self.setup.problem.objectives)

    def latest_quality(self) -> list[Quality]:
        """How well it foretold those so far, one an objective; none before there is anything to compare."""
        return latest_quality(self.records, self.setup.problem.objectives)

    def to_dict(self) -> dict[str, Any]:
        """The whole run as JSON values, as ``rnas report DIR --json`` prints it; NaN is None."""
        problem = self.setup.problem
        signs = np.array([objective.sign for objective in problem.objectives])
        run = {
            "schema_version": SCHEMA_VERSION,
            "name": self.setup.config.name,
            "config": _shown(self.setup.config),
            "objectives": [{"metric": o.metric, "direction": o.direction} for o in problem.objectives],
            "reference_point": (signs * self.reference_point()).tolist(),
            "ideal_point": (signs * problem.ideal).tolist(),
            "evaluations": [_evaluation(record) for record in self.records],
            "front": [record.key for record in self.front()],
            "hypervolume": self.hypervolume(),
            "surrogate": [asdict(quality) for quality in self.quality()],
            "final_evaluation": self._final_evaluation(),
            "ladder": self._kept("ladder"),
            "rules": self._kept("rules"),
            "notes": list(self.setup.evaluator.notes),
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

    def _kept(self, name: Literal["ladder", "rules"]) -> Any:
        """What was found beside the search, if it was asked."""
        path: Path | None = getattr(self.directory, name, None)
        return json.loads(path.read_text()) if path is not None and path.is_file() else None

    def write(self) -> None:
        """Derive the files of the run's directory: report, front as CSV, the front's architectures as JSON."""
        if self.directory is None:
            raise ValueError("this run has no directory to write to")
        from rnas.report.html import render
        from rnas.report.table import pareto_csv

        content = self.to_dict()
        write_text(self.directory.report, render(content))
        write_text(self.directory.pareto, pareto_csv(content))
        folder = self.directory.architectures
        folder.mkdir(exist_ok=True)
        front = {f"{record.key}.json": record.architecture for record in self.front()}
        for name, architecture in front.items():
            write_text(folder / name, json.dumps(arch.to_dict(architecture), indent=2) + "\n")
        for path in folder.glob("*.json"):
            if path.name not in front:
                path.unlink()


def _shown(config: Config) -> dict[str, Any]:
    """The configuration as JSON, without the password of a database."""
    shown: dict[str, Any] = config.model_dump(mode="json", exclude_none=True)
    if config.storage is not None:
        shown["storage"] = make_url(config.storage).render_as_string(hide_password=True)
    return shown


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
        "rungs_above": record.rungs_above,
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
    if isinstance(value, list):
        return [_finite(inner) for inner in value]
    return value


def load_run(path: Path | str) -> Run:
    """Read a run's directory; see :meth:`Run.load`."""
    return Run.load(path)
