"""What came of a replication, as its replication.json holds it."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from rnas._typing import Floats
from rnas.evaluation.training_settings import load_dataset
from rnas.experiments.replications.analysis import Finding, judge, overall
from rnas.experiments.replications.design import DesignCell
from rnas.experiments.replications.settings import ReplicationSettings
from rnas.nas.ledger import Record
from rnas.networks import architecture as arch

SCHEMA_VERSION = 1


def result(
    settings: ReplicationSettings, cells: Sequence[DesignCell], records: Sequence[Sequence[Record]]
) -> dict[str, Any]:
    """The whole replication as JSON values; numbers that are missing are None.

    Args:
        settings: of the replication.
        cells: of its design.
        records: for each cell those of its trainings, by seed.
    """
    replication, training = settings.definition, settings.training
    claims = replication.claims(cells)
    metrics = {replication.figure.metric, *(claim.metric for claim in claims), "final_clean_accuracy"}
    scores = {metric: scores_of(records, metric) for metric in sorted(metrics)}
    findings = judge(claims, scores)
    dataset = load_dataset(training.data, training.data_dir)
    whole = replication.design(settings.size)
    unique = {id(record): record for own in records for record in own}
    return {
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
        "seeds": settings.seeds,
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


def scores_of(records: Sequence[Sequence[Record]], metric: str) -> Floats:
    """A metric of trainings (cells, seeds); NaN where a training has none."""
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
