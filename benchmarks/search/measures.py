"""What is measured of a search: how far it is from the true front, and how well it predicted."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from benchmark_table import REFERENCE, BenchmarkTable
from numpy.typing import NDArray
from one_search import Conditions, Search, fails
from pymoo.indicators.igd_plus import IGDPlus
from scipy.stats import kendalltau

from rnas.nas.front import hypervolume, hypervolume_history

Floats = NDArray[np.float64]

_Z90 = 1.645


def distances(points: Floats, front: Floats) -> tuple[Floats, Floats]:
    """After each of points (n, 2), minimised: the hypervolume that is missing as a share of the front's, and IGD+.

    IGD+ (Ishibuchi et al., EMO 2015) is the mean distance that points of the front are better by than the nearest
    point found; infinite before the first. NaN rows are failures.
    """
    share = hypervolume_history(points, REFERENCE) / hypervolume(front, REFERENCE)
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
    """How predictions (n,) that were written down first came true; None for fewer than two.

    Kendall's tau over all and over the fifth of best true values (None without an order), and the share of 90 %
    intervals, given standard deviations (n,), that hold the truth.
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
    """The measures of a search as JSON.

    ``curve`` has [evaluations, missing hypervolume, IGD+] wherever one of the two changes; IGD+ is None before the
    first success. Networks that fail are no part of the front that is compared with. Predictions count after the first
    third of the budget.
    """
    front = table.front(fails(table.genomes, seed, conditions.failing))
    missing, distance = distances(table.scaled(search.rows, search.failed), front)
    curve: list[list[float | None]] = []
    for n, (deficit, igd) in enumerate(zip(missing.tolist(), distance.tolist(), strict=True), 1):
        values = [_rounded(deficit), _rounded(igd) if math.isfinite(igd) else None]
        if not curve or curve[-1][1:] != values:
            curve.append([n, *values])
    return {
        "evaluations": len(search.rows),
        "curve": curve,
        "predictions": _foretold(table, search, conditions.budget // 3),
        "cpu_seconds": round(search.cpu_seconds, 2),
    }


def curves(lines: Sequence[dict[str, Any]], budget: int) -> tuple[Floats, Floats]:
    """Missing hypervolume and IGD+ (searches, budget) after each evaluation; the last value where a search ended."""
    missing, distance = np.full((2, len(lines), budget), math.inf)
    for line, deficits, igds in zip(lines, missing, distance, strict=True):
        for n, deficit, igd in line["curve"]:
            deficits[n - 1 :] = deficit
            igds[n - 1 :] = math.inf if igd is None else igd
    return missing, distance


def _foretold(table: BenchmarkTable, search: Search, first: int) -> dict[str, Any] | None:
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
