"""Build the result of a replication."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnas._typing import Floats
from rnas.data.loading import load_dataset
from rnas.experiments.replications.analysis import Finding, judge, overall
from rnas.experiments.replications.design import DesignCell
from rnas.experiments.replications.settings import ReplicationSettings
from rnas.experiments.seeded_trainings import TabularResult
from rnas.nas.ledger import Record
from rnas.networks import architecture as arch
from rnas.utils._tabular import notebook_table

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class ReplicationResult(TabularResult):
    """Say what the results of a replication are worth as evidence for what the paper observed."""

    def __repr__(self) -> str:
        """Return the replication in a line."""
        return f"<ReplicationResult {self.content['replication']!r}: {self.verdict}>"

    def _repr_html_(self) -> str:
        columns = ("statement", "value", "low", "high", "unit", "verdict")
        rows = [
            [f"{claim[name]:.4g}" if isinstance(claim[name], float) else claim[name] for name in columns]
            for claim in self.claims
        ]
        return notebook_table(repr(self), columns, rows)

    @property
    def verdict(self) -> str:
        """Return the verdict on the observation: ``supported``, ``contradicted`` or ``not decided by these data``."""
        return str(self.content["verdict"])

    @property
    def claims(self) -> list[dict[str, Any]]:
        """Return each claim with its estimate, interval, p-value and verdict."""
        return list(self.content["claims"])

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each cell and seed, with the levels of the cell's factors and the metrics."""
        return [
            {
                **cell["factors"],
                **{name: cell[name] for name in ("key", "flops", "params")},
                "seed": seed,
                "status": status,
                **{name: values[seed] for name, values in cell["scores"].items()},
            }
            for cell in self.content["cells"]
            for seed, status in enumerate(cell["statuses"])
        ]


def judged(
    settings: ReplicationSettings, cells: Sequence[DesignCell], records: Sequence[Sequence[Record]]
) -> ReplicationResult:
    """Judge the claims of a replication; numbers that are missing are None.

    Args:
        settings: settings of the replication.
        cells: cells of its design.
        records: records of the trainings of each cell, by seed, with equally many seeds.
    """
    replication, training = settings.definition, settings.training
    claims = replication.claims(cells)
    metrics = {replication.figure.metric, *(claim.metric for claim in claims), "test_clean_accuracy"}
    scores = {metric: scores_of(records, metric) for metric in sorted(metrics)}
    findings = judge(claims, scores)
    dataset = load_dataset(training.data, training.data_dir)
    whole = replication.design(settings.size)
    unique = {id(record): record for own in records for record in own}
    content = {
        "schema_version": SCHEMA_VERSION,
        "replication": replication.name,
        "title": replication.title,
        "paper": replication.paper,
        "section": replication.section,
        "observation": replication.observation,
        "note": replication.note,
        "verdict": overall(findings).value,
        "claims": [_claim(finding) for finding in findings],
        "figure": {
            "x": replication.figure.x,
            "colour": list(replication.figure.colour),
            "panel": list(replication.figure.panel),
            "metric": replication.figure.metric,
            "like": replication.figure.like,
        },
        "cells": [
            {
                "key": arch.key(cell.architecture),
                "architecture": arch.to_dict(cell.architecture),
                "factors": dict(cell.factors),
                "recipe": dict(cell.recipe),
                "flops": cell.flops,
                "params": cell.params,
                "statuses": [record.status for record in own],
                "scores": {name: [_number(value) for value in values[row]] for name, values in scores.items()},
            }
            for row, (cell, own) in enumerate(zip(cells, records, strict=True))
        ],
        "cells_of_the_design": len(whole),
        "seeds": len(records[0]),
        "trainings": len(unique),
        "failures": [
            {
                "key": record.key,
                "seed": record.seed,
                "status": record.status,
                "reason": record.evaluation.reason if record.evaluation is not None else "",
            }
            for record in unique.values()
            if not record.complete
        ],
        "seconds": sum(r.evaluation.seconds for r in unique.values() if r.evaluation is not None),
        "data": {
            "name": dataset.name,
            "input_shape": list(dataset.input_shape),
            "num_classes": dataset.num_classes,
            "note": dataset.note,
        },
        "settings": settings.model_dump(mode="json"),
    }
    return ReplicationResult(content)


def scores_of(records: Sequence[Sequence[Record]], metric: str) -> Floats:
    """Return a metric of trainings (cells, seeds); NaN if a training does not have it."""
    return np.array([[record.metrics.get(metric, np.nan) for record in own] for own in records], dtype=np.float64)


def _claim(finding: Finding) -> dict[str, Any]:
    claim, estimate = finding.claim, finding.estimate
    return {
        "statement": claim.statement,
        "expected": claim.expected,
        "bound": claim.bound * claim.scale,
        "metric": claim.metric,
        "unit": claim.unit,
        "verdict": finding.verdict.value,
        "value": None if estimate is None else estimate.value * claim.scale,
        "low": _number(finding.low * claim.scale),
        "high": _number(finding.high * claim.scale),
        "confidence": finding.confidence,
        "p_value": finding.p_value,
        "used": 0 if estimate is None else estimate.used,
        "unused": 0 if estimate is None else estimate.unused,
        "of": claim.estimand.of,
        "reason": finding.reason,
    }


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
