"""Build the result of a replication."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import t as student

from rnas._typing import Floats
from rnas.data.loading import load_dataset
from rnas.experiments.replications.analysis import LEVEL, Finding, judge, overall
from rnas.experiments.replications.claim import MetricCorrelation, RankCorrelation
from rnas.experiments.replications.design import DesignCell
from rnas.experiments.replications.noise import noise
from rnas.experiments.replications.settings import ReplicationSettings
from rnas.experiments.seeded_trainings import TabularResult
from rnas.nas.ledger import Record
from rnas.networks import architecture as arch
from rnas.statistics.crossed import Variance
from rnas.statistics.tukey import compact_letters, critical_range
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
    judged_by = (metric for claim in claims for metric in claim.metrics)
    metrics = {replication.figure.metric, *judged_by, *replication.columns, "test_clean_accuracy"}
    scores = {metric: scores_of(records, metric) for metric in sorted(metrics)}
    findings = judge(claims, scores)
    dataset = load_dataset(training.data, training.data_dir)
    whole = replication.design(settings.size)
    columns = {metric: table_column(scores[metric], metric) for metric in replication.columns}
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
                **({"columns": {metric: own[row] for metric, own in columns.items()}} if columns else {}),
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


def table_column(values: Floats, metric: str) -> list[dict[str, Any]]:
    """Return mean, 95 % interval and letters of each cell, by Student's t and Tukey's test over the noise of seeds.

    Args:
        values: the metric of trainings (cells, seeds); NaN if a training does not have it.
        metric: its name; only accuracies have letters, two of which are shared by cells that are indistinguishable.
    """
    means, rows = values.mean(axis=1), np.flatnonzero(np.isfinite(values).all(axis=1))
    low, high, letters = np.full(len(values), np.nan), np.full(len(values), np.nan), [""] * len(values)
    seeds = values.shape[1]
    if seeds > 1 and len(rows):
        alone = noise(values[rows], paired=False)
        reach = student.isf(LEVEL / 2, alone.degrees) * np.sqrt(np.maximum(alone.own, alone.moderated) / seeds)
        low[rows], high[rows] = means[rows] - reach, means[rows] + reach
        pooled = float(noise(values[rows], paired=True).own.mean())
        if metric.endswith("accuracy"):
            low, high = np.clip(low, 0, 1), np.clip(high, 0, 1)
            if pooled > 0 and len(rows) > 1:
                variance = Variance(pooled / seeds, float((len(rows) - 1) * (seeds - 1)))
                critical = critical_range(len(rows), variance, LEVEL) * np.sqrt(variance.value)
                for row, own in zip(rows, compact_letters(means[rows].tolist(), critical), strict=True):
                    letters[row] = own
    return [
        {"mean": _number(mean), "low": _number(least), "high": _number(most), "letters": own}
        for mean, least, most, own in zip(means, low, high, letters, strict=True)
    ]


def _claim(finding: Finding) -> dict[str, Any]:
    claim, estimate = finding.claim, finding.estimate
    # A rank correlation is in [-1, 1], and its interval with it.
    most = 1.0 if isinstance(claim.estimand, RankCorrelation | MetricCorrelation) else np.inf
    return {
        "statement": claim.statement,
        "expected": claim.expected,
        "bound": claim.bound * claim.scale,
        "metric": claim.metric,
        "unit": claim.unit,
        "verdict": finding.verdict.value,
        "value": None if estimate is None else estimate.value * claim.scale,
        "low": _number(max(finding.low, -most) * claim.scale),
        "high": _number(min(finding.high, most) * claim.scale),
        "confidence": finding.confidence,
        "p_value": finding.p_value,
        "used": 0 if estimate is None else estimate.used,
        "unused": 0 if estimate is None else estimate.unused,
        "of": claim.estimand.of,
        "reason": finding.reason,
    }


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
