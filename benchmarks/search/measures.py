"""Measure the distance of a search from the true front, and the quality of its predictions."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from benchmark_table import BenchmarkTable
from one_search import Conditions, Search, fails
from pymoo.indicators.igd_plus import IGDPlus
from scipy.stats import kendalltau

from rnas._typing import Floats
from rnas.nas.front import hypervolume, hypervolume_history

_Z90 = 1.645


def distances(points: Floats, front: Floats, reference: Floats) -> tuple[Floats, Floats]:
    """Return, after each of points (n, objectives), minimised, the missing share of the front's hypervolume, and IGD+.

    IGD+ (Ishibuchi et al., EMO 2015) is the mean distance by which points of the front are better than the nearest
    found point. It is infinite before the first found point. NaN rows are failures.
    """
    share = hypervolume_history(points, reference) / hypervolume(front, reference)
    indicator = IGDPlus(front)
    distance = np.full(len(points), math.inf)
    complete = np.isfinite(points).all(axis=1)
    for n in range(len(points)):
        if complete[n]:
            distance[n] = indicator(points[: n + 1][complete[: n + 1]])
        elif n > 0:
            distance[n] = distance[n - 1]
    return np.maximum(1 - share, 0), distance


def prequential(predicted: Floats, spread: Floats, true: Floats) -> dict[str, Any] | None:
    """Return the quality of predictions (n,) that were written before the results; None for fewer than two.

    It has Kendall's tau over all and over the fifth with the best true values (None if they are equal), and the share
    of 90 % intervals, from standard deviations (n,), that contain the true value.
    """
    if len(true) < 2:
        return None
    top = true >= np.quantile(true, 0.8)
    return {
        "evaluations": len(true),
        "tau": _tau(predicted, true),
        "top_fifth_tau": _tau(predicted[top], true[top]),
        "coverage": _rounded(float((np.abs(predicted - true) <= _Z90 * spread).mean())),
    }


def measured(table: BenchmarkTable, search: Search, seed: int, conditions: Conditions) -> dict[str, Any]:
    """Return the measures of a search as JSON values.

    ``curve`` has [evaluations, missing hypervolume, IGD+] whenever one of the two changes; IGD+ is None before the
    first success. Networks that fail are not part of the true front. Predictions count after the first third of the
    budget.
    """
    front = table.front(fails(table.genomes, seed, conditions.failing))
    missing, distance = distances(table.scaled(search.rows, search.failed), front, table.reference)
    curve: list[list[float | None]] = []
    for n, (deficit, igd) in enumerate(zip(missing.tolist(), distance.tolist(), strict=True), 1):
        values = [_rounded(deficit), _rounded(igd) if math.isfinite(igd) else None]
        if not curve or curve[-1][1:] != values:
            curve.append([n, *values])
    return {
        "evaluations": len(search.rows),
        "curve": curve,
        "predictions": _prediction_quality(table, search, conditions.budget // 3),
        "cpu_seconds": round(search.cpu_seconds, 2),
    }


def curves(lines: Sequence[dict[str, Any]], budget: int) -> tuple[Floats, Floats]:
    """Return missing hypervolume and IGD+ (searches, budget) after each evaluation; ended searches keep their last
    value."""
    missing, distance = np.full((2, len(lines), budget), math.inf)
    for line, deficits, igds in zip(lines, missing, distance, strict=True):
        for n, deficit, igd in line["curve"]:
            deficits[n - 1 :] = deficit
            igds[n - 1 :] = math.inf if igd is None else igd
    return missing, distance


def _prediction_quality(table: BenchmarkTable, search: Search, first: int) -> dict[str, Any] | None:
    pairs = [
        (proposal.predictions[table.accuracy], table.metrics[table.accuracy][row])
        for proposal, row, failed in list(zip(search.proposals, search.rows, search.failed, strict=True))[first:]
        if table.accuracy in proposal.predictions and not failed
    ]
    means = np.array([prediction.mean for prediction, _ in pairs])
    stds = np.array([prediction.std for prediction, _ in pairs])
    return prequential(means, stds, np.array([value for _, value in pairs]))


def _tau(predicted: Floats, true: Floats) -> float | None:
    if len(np.unique(predicted)) < 2 or len(np.unique(true)) < 2:
        return None
    return _rounded(float(kendalltau(predicted, true).statistic))


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")
