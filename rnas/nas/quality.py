"""Measure how good predictions were; each was written before its result (prequential)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import kendalltau

from rnas._typing import Floats
from rnas.nas.ledger import Record
from rnas.nas.objective import Objective

WINDOW = 20
_FEWEST = 4
_HALF_WIDTH = 1.645
"""Standard deviations to either side of a normal mean that hold 90 %."""


@dataclass(frozen=True)
class Quality:
    """Hold the agreement of predictions and results, for complete evaluations with a prediction.

    Attributes:
        batch: batch after which it was computed.
        metric: predicted metric.
        tau: Kendall's, in [-1, 1], over the last of them up to and with the batch.
        evaluations: number of these evaluations, at most 20.
        after: evaluations of the run up to and with the batch, predicted or not.
        predicted: how many of them were predicted and are complete; the rest is over all of these.
        tau_overall: Kendall's tau.
        tau_top_fifth: Kendall's tau within the truly best fifth; None if it has fewer than four or all are equal.
        coverage_90: share, in [0, 1], of results within 1.645 standard deviations of their prediction, which are 90 %
            if the predictor is calibrated.
    """

    batch: int
    metric: str
    tau: float
    evaluations: int
    after: int
    predicted: int
    tau_overall: float
    tau_top_fifth: float | None
    coverage_90: float


def surrogate_quality(records: Sequence[Record], objectives: Sequence[Objective]) -> list[Quality]:
    """Return an entry for each batch and predicted objective, from four predictions with unequal results on."""
    return _after(_batches(records), records, objectives)


def latest_quality(records: Sequence[Record], objectives: Sequence[Objective]) -> list[Quality]:
    """Return the entries of :func:`surrogate_quality` for the last batch, without computing the others."""
    return _after(_batches(records)[-1:], records, objectives)


def _batches(records: Sequence[Record]) -> list[int]:
    return sorted({record.batch for record in records if _predicted(record)})


def _predicted(record: Record) -> bool:
    return record.complete and bool(record.predictions)


def _after(batches: Sequence[int], records: Sequence[Record], objectives: Sequence[Objective]) -> list[Quality]:
    every = np.sort([record.batch for record in records])
    tables = {objective: _table(records, objective.metric) for objective in objectives}
    found = []
    for batch in batches:
        for objective, table in tables.items():
            upto = table[: np.searchsorted(table[:, 0], batch, side="right"), 1:]
            recent = upto[-WINDOW:]
            tau, overall = _tau(recent), _tau(upto)
            if tau is None or overall is None:
                continue
            quality = Quality(
                batch=batch,
                metric=objective.metric,
                tau=tau,
                evaluations=len(recent),
                after=int(np.searchsorted(every, batch, side="right")),
                predicted=len(upto),
                tau_overall=overall,
                tau_top_fifth=_tau(_top(upto, objective.sign)),
                coverage_90=float((np.abs(upto[:, 2] - upto[:, 0]) <= _HALF_WIDTH * upto[:, 1]).mean()),
            )
            found.append(quality)
    return found


def _table(records: Sequence[Record], metric: str) -> Floats:
    """Return batch, predicted mean, predicted std and value (n, 4) of the records with a prediction of the metric."""
    rows = [
        (record.batch, record.predictions[metric].mean, record.predictions[metric].std, record.metrics[metric])
        for record in sorted(records, key=lambda record: (record.batch, record.number))
        if _predicted(record) and metric in record.predictions and metric in record.metrics
    ]
    return np.array(rows, dtype=np.float64).reshape(len(rows), 4)


def _top(rows: Floats, sign: int) -> Floats:
    """Return the rows (k, 3) of the best fifth of values, and those that equal its last."""
    losses = sign * rows[:, 2]
    best: Floats = rows[losses <= np.sort(losses)[-(-len(rows) // 5) - 1]]
    return best


def _tau(rows: Floats) -> float | None:
    """Return Kendall's tau of mean and value in rows (n, 3) of mean, std and value; None if either is constant."""
    means, _, values = rows.T
    # With all values equal on one side there is no order to agree on.
    if len(rows) < _FEWEST or np.ptp(means) == 0 or np.ptp(values) == 0:
        return None
    return float(kendalltau(means, values).statistic)
