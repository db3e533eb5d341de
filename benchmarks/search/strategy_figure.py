"""Draw the searches of a file."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from benchmark_table import BenchmarkTable
from intervals import mean_interval
from matplotlib.figure import Figure
from measures import curves
from one_search import Conditions
from strategy_results import Line, conditions_of
from strategy_summary import told

_FROM = 10
_LEAST = 1e-4
# Okabe and Ito's colours, which colour-blind readers can distinguish, each with a dash pattern as well.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_DASHES = ("-", "--", "-.", ":")


def draw(file: Path, table: BenchmarkTable, lines: Sequence[Line], conditions: Conditions) -> None:
    """Draw missing hypervolume over evaluations, with mean and 95 % interval of each strategy."""
    chosen: dict[str, list[Line]] = {}
    for line in lines:
        if replace(conditions_of(line), budget=conditions.budget) == conditions and line["budget"] >= conditions.budget:
            chosen.setdefault(line["strategy"], []).append(line)
    figure = Figure(figsize=(7.2, 4.4), layout="constrained")
    axes = figure.subplots()
    evaluations = np.arange(1, conditions.budget + 1)
    shown = evaluations >= min(_FROM, conditions.budget)
    ends = {name: curves(own, conditions.budget)[0].mean(axis=0)[-1] for name, own in chosen.items()}
    for place, name in enumerate(sorted(ends, key=ends.__getitem__, reverse=True)):
        mean, half = mean_interval(curves(chosen[name], conditions.budget)[0])
        colour = _COLOURS[place % len(_COLOURS)]
        axes.plot(
            evaluations[shown],
            np.maximum(100 * mean[shown], 100 * _LEAST),
            color=colour,
            linestyle=_DASHES[place % len(_DASHES)],
            linewidth=1.8,
            label=f"{name} ({len(chosen[name])} seeds)",
        )
        low = np.maximum(100 * (mean - half)[shown], 100 * _LEAST)
        axes.fill_between(evaluations[shown], low, 100 * (mean + half)[shown], color=colour, alpha=0.12, linewidth=0)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g} %")
    axes.yaxis.set_minor_formatter(lambda value, _: f"{value:g} %" if f"{value:e}"[0] in "25" else "")
    axes.tick_params(axis="y", which="minor", labelsize="small")
    axes.set_xlim(evaluations[shown][0], conditions.budget)
    least = min((100 * end for end in ends.values()), default=1.0)
    axes.set_ylim(bottom=max(100 * _LEAST, least / 2))
    axes.set_xlabel("evaluations")
    axes.set_ylabel("hypervolume missing from the true front's")
    axes.set_title(f"{table.title}{told(conditions)}; mean and 95 % interval", fontsize="medium", loc="left")
    axes.grid(which="major", alpha=0.35, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    if chosen:
        axes.legend(frameon=False, fontsize="small")
    figure.savefig(file, dpi=160)
