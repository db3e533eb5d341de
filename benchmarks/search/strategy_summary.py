"""Summarise the searches of a file as Markdown tables."""

import math
from collections.abc import Mapping, Sequence
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
_AT = (20, 30, 50, 75, 120, 150, 200, 300)
_RATIO_AT = (30, 50, 75, 120, 150)
RESOLUTION = 2e-4
"""Share of the hypervolume that is added before ratios are taken, so that a search that misses nothing counts."""

_FEWEST_PAIRS = 5
"""Smallest number of pairs of searches from which it is said that one strategy is ahead."""

_WIDEST = 100
"""End of an interval from which it is not written out: two pairs hardly have an interval."""

_DEFAULT, _BASELINE = "surrogate-nsga2", "random"


def markdown(table: BenchmarkTable, lines: Sequence[Line]) -> str:
    """Return a Markdown table for each set of conditions, whatever the budget.

    Of two searches of a strategy from the same seed, the one with the larger budget counts.
    """
    groups: dict[Conditions, list[Line]] = {}
    for line in lines:
        groups.setdefault(replace(conditions_of(line), budget=0), []).append(line)
    order = sorted(groups, key=lambda c: (c.failing, c.noise, c.noise_predictor, c.pending, c.batch != 5, c.batch))
    return "\n\n".join(_section(table, conditions, _by_strategy(groups[conditions])) for conditions in order)


def write(readme: Path, name: str, content: str) -> None:
    """Write content between the markers of a name in a Markdown file; raise InputError if it has none."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    text = readme.read_text() if readme.exists() else ""
    if not 0 <= text.find(begin) < text.find(end):
        raise InputError(f"{readme}: has no lines {begin} and {end}; add them where the tables belong")
    head, tail = text.split(begin)[0], text.split(end)[1]
    readme.write_text(f"{head}{begin}\n{content}\n{end}{tail}")


def overview(searches: Mapping[str, Sequence[Line]]) -> str:
    """Compare the default with every strategy on every table, in batches of 5, without noise and failures.

    Args:
        searches: lines of each table.

    Returns:
        A Markdown table of the ratios of :func:`paired_ratio`, and one of the numbers of evaluations at which one of
        the two is ahead: those at which the 95 % interval of the ratio of at least five pairs does not include 1.
    """
    usual = replace(Conditions(), budget=0)
    by_table = {
        table: _by_strategy([line for line in lines if replace(conditions_of(line), budget=0) == usual])
        for table, lines in searches.items()
    }
    by_table = {table: found for table, found in by_table.items() if _DEFAULT in found}
    if not by_table:
        return ""
    strategies = sorted({name for found in by_table.values() for name in found} - {_DEFAULT})
    head = f"| table | {' | '.join(f'`{name}`' for name in strategies)} |\n|---|{'---|' * len(strategies)}"
    ratios, ahead, compared, behind = [head], [head], 0, 0
    for table, found in by_table.items():
        default = found[_DEFAULT]
        ratios.append(f"| {table} | {' | '.join(paired_ratio(found.get(n, []), default) for n in strategies)} |")
        cells = []
        for name in strategies:
            states = {at: _state(found.get(name, []), default, at) for at in _AT}
            compared += sum(state is not None for state in states.values())
            behind += sum(state == -1 for state in states.values())
            words = [
                f"{word} at {', '.join(str(at) for at, state in states.items() if state == sign)}"
                for sign, word in ((1, "ahead"), (-1, "**behind**"))
                if sign in states.values()
            ]
            known = any(state is not None for state in states.values())
            cells.append("; ".join(words) or ("indistinguishable" if known else ""))
        ahead.append(f"| {table} | {' | '.join(cells)} |")
    return "\n".join(
        [
            "Ratio of the missing hypervolume to that of the default, over 30, 50, 75, 120 and 150 evaluations:",
            "",
            *ratios,
            "",
            f"Numbers of evaluations, of {', '.join(map(str, _AT))}, at which the default is ahead or behind by an "
            f"interval that does not include 1. It is behind in {behind} of {compared} comparisons; if there were no "
            f"difference at all, chance would say so in about {0.025 * compared:.0f}:",
            "",
            *ahead,
            "",
            _hard_conditions(searches),
        ]
    )


def _hard_conditions(searches: Mapping[str, Sequence[Line]]) -> str:
    """Return paired differences of the default under failures and with a predictor of noise, as a Markdown table."""
    usual = replace(Conditions(), budget=0)
    rows = []
    for table, lines in searches.items():
        found = {
            conditions: _by_strategy([line for line in lines if replace(conditions_of(line), budget=0) == conditions])
            for conditions in (usual, replace(usual, failing=0.2), replace(usual, noise_predictor=True))
        }
        clean, failing, blind = (found[conditions].get(_DEFAULT, []) for conditions in found)
        cells = [
            _difference(failing, 150, clean, 120),
            _difference(blind, 150, found[usual].get(_BASELINE, []), 150),
        ]
        if any(cells):
            rows.append(f"| {table} | {' | '.join(cells)} |")
    head = [
        "Differences in per cent of the hypervolume, with 95 % intervals and pairs of seeds; above 0 the default under "
        "the condition misses more:",
        "",
        "| table | a fifth fails, after 150, minus no failures, after 120 | predictor of noise, after 150, minus "
        f"`{_BASELINE}`, after 150 |",
        "|---|---|---|",
    ]
    return "\n".join([*head, *rows]) if rows else ""


def _difference(lines: Sequence[Line], at: int, others: Sequence[Line], at_others: int) -> str:
    """Return the mean difference in what two sets of searches from the same seeds miss, in per cent, in words."""
    partners = {line["seed"]: line for line in others if line["budget"] >= at_others}
    pairs = [(line, partners[line["seed"]]) for line in lines if line["budget"] >= at and line["seed"] in partners]
    if not pairs:
        return ""
    own = curves([line for line, _ in pairs], at)[0][:, -1]
    other = curves([line for _, line in pairs], at_others)[0][:, -1]
    return f"{_with_interval(100 * (own - other), 2)}, {len(pairs)}"


def _state(lines: Sequence[Line], others: Sequence[Line], at: int) -> int | None:
    """Return 1 if ``lines`` miss more than ``others`` of the same seeds after ``at`` evaluations, -1 if they miss less,
    0 if that cannot be told, and None for fewer than five pairs."""
    logs = _log_ratios([line for line in lines if line["budget"] >= at], others, (at,))
    if len(logs) < _FEWEST_PAIRS:
        return None
    mean, half = mean_interval(np.array(logs))
    return int(np.sign(mean)) if abs(mean) > half else 0


def _by_strategy(lines: Sequence[Line]) -> dict[str, list[Line]]:
    """Return the searches of each strategy; of two from the same seed, the one with the larger budget counts."""
    found: dict[str, dict[int, Line]] = {}
    for line in sorted(lines, key=lambda line: (line["seed"], line["budget"])):
        found.setdefault(line["strategy"], {})[line["seed"]] = line
    return {name: list(by_seed.values()) for name, by_seed in found.items()}


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
    return ratio(_log_ratios(lines, others, _RATIO_AT))


def _log_ratios(lines: Sequence[Line], others: Sequence[Line], evaluations: Sequence[int]) -> list[float]:
    """Return for each pair of searches with the same seed the mean logarithm of the ratio of their missing hypervolumes
    after those of the numbers of evaluations that both have."""
    logs = []
    partners = {line["seed"]: line for line in others}
    for line in lines:
        pair = [line, partners[line["seed"]]] if line["seed"] in partners else []
        most = min((each["budget"] for each in pair), default=0)
        at = [n - 1 for n in evaluations if n <= most]
        if at:
            own, other = curves(pair, most)[0][:, at] + RESOLUTION
            logs.append(float(np.log(own / other).mean()))
    return logs


def ratio(logs: Sequence[float]) -> str:
    """Return the geometric mean of ratios, from their logarithms, its 95 % interval and their number; none is ''."""
    if not logs:
        return ""
    mean, half = mean_interval(np.array(logs))
    if len(logs) == 1:
        return f"{np.exp(mean):.2f}, 1"
    low, high = np.exp(mean - half), np.exp(mean + half)
    most = f"{high:.2f}" if high < _WIDEST else f">{_WIDEST}"
    return f"{np.exp(mean):.2f} [{low:.2f}, {most}], {len(logs)}"


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
