"""Summarise the searches of a file as Markdown tables."""

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from benchmark_table import BenchmarkTable
from intervals import evaluations_to, mean_interval
from measures import curves
from one_search import Conditions
from strategy_results import Line, conditions_of

from rnas.errors import InputError

LEVELS = (0.980, 0.990, 0.9955)
_AT = (30, 50, 75, 120, 150, 200, 300)
_RATIO_AT = (30, 50, 75, 120, 150)
RESOLUTION = 2e-4
"""Share of the hypervolume that is added before ratios are taken, so that a search that misses nothing counts."""

_DEFAULT, _BASELINE = "surrogate-nsga2", "random"


def markdown(table: BenchmarkTable, lines: Sequence[Line]) -> str:
    """Return a Markdown table for each set of conditions, whatever the budget.

    Of two searches of a strategy from the same seed, the one with the larger budget counts.
    """
    groups: dict[Conditions, dict[str, dict[int, Line]]] = {}
    for line in sorted(lines, key=lambda line: (line["seed"], line["budget"])):
        conditions = replace(conditions_of(line), budget=0)
        groups.setdefault(conditions, {}).setdefault(line["strategy"], {})[line["seed"]] = line
    sections = []
    for conditions, seeds in groups.items():
        of_strategy = {name: list(by_seed.values()) for name, by_seed in seeds.items()}
        sections.append(_section(table, conditions, of_strategy))
    return "\n\n".join(sections)


def write(readme: Path, table: BenchmarkTable, lines: Sequence[Line]) -> None:
    """Write the tables between the markers of a Markdown file; raise InputError if it has none."""
    begin, end = f"<!-- {table.name}: begin -->", f"<!-- {table.name}: end -->"
    text = readme.read_text() if readme.exists() else ""
    if not re.search(f"{begin}.*{end}", text, re.DOTALL):
        raise InputError(f"{readme}: has no lines {begin} and {end}; add them where the tables belong")
    head, tail = text.split(begin)[0], text.split(end)[1]
    readme.write_text(f"{head}{begin}\n{markdown(table, lines)}\n{end}{tail}")


def _section(table: BenchmarkTable, conditions: Conditions, of_strategy: dict[str, list[Line]]) -> str:
    budgets = [line["budget"] for lines in of_strategy.values() for line in lines]
    common = min(budgets)
    at = [n for n in _AT if n < max(budgets)] + [max(budgets)]
    header = [
        "strategy",
        "seeds",
        *(str(n) for n in at),
        f"IGD+ at {common}, 10⁻³",
        f"to `{_BASELINE}` at {_AT[-1]}",
        *(f"to {100 * level:g} %" for level in LEVELS),
        f"ratio to `{_DEFAULT}`",
        "tau",
        "tau, top fifth",
        "90 % intervals hold",
        "CPU s",
    ]
    ends = {name: curves(lines, common)[0][:, -1].mean() for name, lines in of_strategy.items()}
    order = sorted(ends, key=ends.__getitem__, reverse=True)
    long = [line for line in of_strategy.get(_BASELINE, []) if line["budget"] >= _AT[-1]]
    levels = [1 - float(curves(long, _AT[-1])[0][:, -1].mean()) if long else None, *LEVELS]
    default = of_strategy.get(_DEFAULT, [])
    rows = [_row(name, of_strategy[name], common, at, levels, default) for name in order]
    return "\n".join(
        [
            f"{table.title}, {len(table.genomes):,} networks{told(conditions)}: per cent of "
            "the true front's hypervolume that are missing after a number of evaluations.",
            "",
            f"| {' | '.join(header)} |",
            f"|---|{'---|' * (len(header) - 1)}",
            *(f"| {' | '.join(row)} |" for row in rows),
        ]
    )


def _row(
    name: str, lines: list[Line], common: int, at: list[int], levels: list[float | None], default: list[Line]
) -> list[str]:
    deficits = []
    for n in at:
        long = [line for line in lines if line["budget"] >= n]
        seeds = f" ({len(long)})" if 0 < len(long) < len(lines) else ""
        deficits.append(_with_interval(100 * curves(long, n)[0][:, -1], 2) + seeds if long else "")
    budget = min(line["budget"] for line in lines)
    missing, _ = curves(lines, budget)
    reached = ["" if level is None else _evaluations(*evaluations_to(missing, level), budget) for level in levels]
    reached.append("" if name == _DEFAULT else paired_ratio(lines, default))
    distance = _with_interval(1e3 * curves(lines, common)[1][:, -1], 2)
    predictions = [line["predictions"] or {} for line in lines]
    quality = []
    for key in ("tau", "top_fifth_tau", "coverage"):
        values = [prediction[key] for prediction in predictions if prediction.get(key) is not None]
        scale = 100 if key == "coverage" else 1
        unit = " %" if key == "coverage" else ""
        quality.append(f"{_with_interval(scale * np.array(values), 0 if unit else 2)}{unit}" if values else "")
    seconds = f"{np.mean([line['cpu_seconds'] for line in lines]):.1f}"
    return [f"`{name}`", str(len(lines)), *deficits, distance, *reached, *quality, seconds]


def paired_ratio(lines: Sequence[Line], others: Sequence[Line]) -> str:
    """Return the ratio of the missing hypervolume of searches to that of others with the same seeds, in words.

    It is the geometric mean over seeds and over 30, 50, 75, 120 and 150 evaluations, with a 95 % interval over seeds.
    """
    logs = []
    partners = {line["seed"]: line for line in others}
    for line in lines:
        if line["seed"] in partners:
            pair = [line, partners[line["seed"]]]
            most = min(each["budget"] for each in pair)
            at = [n - 1 for n in _RATIO_AT if n <= most] or [most - 1]
            own, other = curves(pair, most)[0][:, at] + RESOLUTION
            logs.append(np.log(own / other).mean())
    return ratio(logs)


def ratio(logs: Sequence[float]) -> str:
    """Return the geometric mean of ratios, from their logarithms, its 95 % interval and their number; none is ''."""
    if not logs:
        return ""
    mean, half = mean_interval(np.array(logs))
    low, high = np.exp(mean - half), np.exp(mean + half)
    return f"{np.exp(mean):.2f} [{low:.2f}, {high:.2f}], {len(logs)}" if len(logs) > 1 else f"{np.exp(mean):.2f}, 1"


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
    if conditions.pending:
        words.append(f"{conditions.pending} results pending")
    return f", {', '.join(words)}"
