"""Summarise the searches of a file as Markdown tables."""

import math
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from benchmark_table import BenchmarkTable
from intervals import evaluations_to, mean_interval
from measures import curves
from one_search import Conditions
from strategy_results import Line, conditions_of

from rnas.errors import InputError

LEVELS = (0.980, 0.990, 0.9955)
_AT = (25, 50, 75, 120, 150, 200, 300)


def markdown(table: BenchmarkTable, lines: Sequence[Line]) -> str:
    """Return a Markdown table for each set of conditions."""
    groups: dict[Conditions, dict[str, list[Line]]] = {}
    for line in sorted(lines, key=lambda line: line["seed"]):
        groups.setdefault(conditions_of(line), {}).setdefault(line["strategy"], []).append(line)
    return "\n\n".join(_section(table, conditions, of_strategy) for conditions, of_strategy in groups.items())


def write(readme: Path, table: BenchmarkTable, lines: Sequence[Line]) -> None:
    """Write the tables between the markers of a Markdown file; raise InputError if it has none."""
    begin, end = f"<!-- {table.name}: begin -->", f"<!-- {table.name}: end -->"
    text = readme.read_text() if readme.exists() else ""
    if not re.search(f"{begin}.*{end}", text, re.DOTALL):
        raise InputError(f"{readme}: has no lines {begin} and {end}; add them where the tables belong")
    head, tail = text.split(begin)[0], text.split(end)[1]
    readme.write_text(f"{head}{begin}\n{markdown(table, lines)}\n{end}{tail}")


def _section(table: BenchmarkTable, conditions: Conditions, of_strategy: dict[str, list[Line]]) -> str:
    at = [n for n in _AT if n < conditions.budget] + [conditions.budget]
    at = at[-6:]
    header = [
        "strategy",
        *(str(n) for n in at),
        f"IGD+ at {conditions.budget}, 10⁻³",
        *(f"to {100 * level:g} %" for level in LEVELS),
        "tau",
        "tau, top fifth",
        "90 % intervals hold",
        "CPU s",
    ]
    missing = {name: curves(lines, conditions.budget)[0] for name, lines in of_strategy.items()}
    names = sorted(of_strategy, key=lambda name: missing[name][:, -1].mean(), reverse=True)
    seeds = {len(lines) for lines in of_strategy.values()}
    counted = f"{min(seeds)} to {max(seeds)}" if len(seeds) > 1 else f"{max(seeds)}"
    rows = [_row(name, of_strategy[name], conditions, at) for name in names]
    return "\n".join(
        [
            f"{table.title}, {len(table.genomes):,} networks{told(conditions)}, {counted} seeds: per cent of "
            "the true front's hypervolume that are missing after a number of evaluations.",
            "",
            f"| {' | '.join(header)} |",
            f"|---|{'---|' * (len(header) - 1)}",
            *(f"| {' | '.join(row)} |" for row in rows),
        ]
    )


def _row(name: str, lines: list[Line], conditions: Conditions, at: list[int]) -> list[str]:
    missing, distance = curves(lines, conditions.budget)
    deficits = [_with_interval(100 * missing[:, n - 1], 2) for n in at]
    reached = [_evaluations(*evaluations_to(missing, level), conditions.budget) for level in LEVELS]
    predictions = [line["predictions"] or {} for line in lines]
    quality = []
    for key in ("tau", "top_fifth_tau", "coverage"):
        values = [prediction[key] for prediction in predictions if prediction.get(key) is not None]
        scale = 100 if key == "coverage" else 1
        unit = " %" if key == "coverage" else ""
        quality.append(f"{_with_interval(scale * np.array(values), 0 if unit else 2)}{unit}" if values else "")
    seconds = f"{np.mean([line['cpu_seconds'] for line in lines]):.1f}"
    return [f"`{name}`", *deficits, _with_interval(1e3 * distance[:, -1], 2), *reached, *quality, seconds]


def _with_interval(values: np.ndarray, digits: int) -> str:
    mean, half = mean_interval(values)
    return f"{mean:.{digits}f} ± {half:.{digits}f}" if math.isfinite(half) else f"{mean:.{digits}f}"


def _evaluations(value: int, low: int, high: int, budget: int) -> str:
    shown = [f">{budget}" if count > budget else str(count) for count in (value, low, high)]
    return shown[0] if len(set(shown)) == 1 else f"{shown[0]} ({shown[1]} to {shown[2]})"


def told(conditions: Conditions) -> str:
    """Return the conditions in words, without the budget."""
    words = [f"batches of {conditions.batch}"]
    if conditions.failing:
        words.append(f"{100 * conditions.failing:g} % of the evaluations fail")
    if conditions.noise_predictor:
        words.append("a predictor of noise")
    if conditions.noise:
        words.append(f"noise of {100 * conditions.noise:g} points")
    return f", {', '.join(words)}"
