"""Draw figures with matplotlib, in the colours and words of the reports."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rnas.errors import InputError
from rnas.experiments.training._history import best_row
from rnas.experiments.training.result import TrainingResult
from rnas.nas.result import SearchResult
from rnas.report._front import FrontMember, at_highest_rung, members
from rnas.report._palette import palette, sequence
from rnas.report._progress import normalised_hypervolume
from rnas.report._provenance import input_shape
from rnas.report._rules_figures import PUBLISHED, flops_bands, smoothed
from rnas.scaling_rules._proportion import share_text
from rnas.scaling_rules.findings import Findings
from rnas.utils._extras import require_extra
from rnas.utils._metric import Metric, metrics_of
from rnas.utils.quantities import format_size

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDEST = 30.0
"""Ratio of the ends of the horizontal axis above which it is logarithmic."""


def plot_front(
    result: SearchResult, ax: "Axes | None" = None, *, x: str | None = None, y: str | None = None, dark: bool = False
) -> "Axes":
    """Draw the front of a search among all evaluated networks, with the 95 % intervals of accuracies.

    Args:
        result: of a search.
        ax: axes to draw in; None makes a figure.
        x: metric of the horizontal axis; None is a cost, if one is an objective and not on the other axis.
        y: metric of the vertical axis; None is the other objective.
        dark: whether the figure is light on dark.

    Raises:
        InputError: matplotlib is not installed, or no evaluation has such a metric.
    """
    run = result.to_dict()
    metrics = metrics_of(run)
    across, up = _front_axes(metrics, x, y)
    ax, colours = _axes(ax, dark)
    front = {member.key: member for member in members(run, metrics)}
    shown = [
        evaluation
        for evaluation in run["evaluations"]
        if evaluation["status"] == "complete"
        and at_highest_rung(run, evaluation)
        and all(evaluation["metrics"].get(axis.name) is not None for axis in (across, up))
    ]
    others = [e["metrics"] for e in shown if e["key"] not in front]
    best = sorted(
        {e["key"]: e["metrics"] for e in shown if e["key"] in front}.items(), key=lambda item: item[1][across.name]
    )
    ax.scatter(
        [one[across.name] for one in others],
        [one[up.name] for one in others],
        s=22,
        color=colours["muted"],
        alpha=0.72,
        linewidths=0,
        label="evaluated",
    )
    xs, ys = ([metrics[axis.name] for _, metrics in best] for axis in (across, up))
    if best:
        stairs = {across.direction, up.direction} == {"minimize", "maximize"} and len(_objectives(metrics)) == 2
        if stairs:
            where: Any = "post" if across.direction == "minimize" else "pre"
            ax.step(xs, ys, where=where, color=colours["accent"], linewidth=1.3)
        bars = _intervals([front[key] for key, _ in best], up, ys)
        if bars is not None:
            ax.errorbar(xs, ys, yerr=bars, fmt="none", ecolor=colours["faint"], elinewidth=1)
        ax.scatter(
            xs,
            ys,
            s=62,
            marker="D",
            color=colours["accent"],
            edgecolors=colours["paper"],
            linewidths=1.2,
            zorder=3,
            label="front",
        )
    shape = input_shape(run["evaluations"])
    for axis, metric in ((ax.xaxis, across), (ax.yaxis, up)):
        counted = f" (one {shape} image)" if metric.name == "flops" and shape else ""
        axis.set_label_text(f"{metric.label}{counted}")
    _scale(ax, across, up, [*xs, *(one[across.name] for one in others)])
    return _titled(ax, f"Front of {run['name']}", colours, legend=bool(shown))


def plot_hypervolume(result: SearchResult, ax: "Axes | None" = None, *, dark: bool = False) -> "Axes":
    """Draw the hypervolume of a search after each evaluation.

    Args:
        result: of a search.
        ax: axes to draw in; None makes a figure.
        dark: whether the figure is light on dark.

    Raises:
        InputError: matplotlib is not installed.
    """
    run = result.to_dict()
    hypervolume = normalised_hypervolume(run)
    ax, colours = _axes(ax, dark)
    values = [np.nan if value is None else value for value in hypervolume.values]
    ax.step(range(1, len(values) + 1), values, where="post", color=colours["accent"], linewidth=2)
    ax.set_xlabel("Evaluation")
    ax.set_ylabel(f"Hypervolume, {hypervolume.label}")
    ax.yaxis.set_major_formatter(_formatter(Metric("", "proportion")))
    return _titled(ax, f"Hypervolume of {run['name']}", colours)


def plot_rule(findings: Findings, ax: "Axes | None" = None, *, dark: bool = False) -> "Axes":
    """Draw the optimum of each quantity of a rule with its 90 % interval, and RobustScaling's values.

    Args:
        findings: of :func:`rnas.fit_rule`.
        ax: axes to draw in; None makes a figure.
        dark: whether the figure is light on dark.

    Raises:
        InputError: matplotlib is not installed.
    """
    ax, colours = _axes(ax, dark)
    rows = [(family, quantity) for family in findings.rules.families for quantity in family.quantities]
    names = [f"{quantity.name}: {family.verdict.value}" for family, quantity in rows]
    for row, (_, quantity) in enumerate(rows):
        optimum = quantity.optimum
        first = row == 0
        ax.plot([optimum.low, optimum.high], [row, row], color=colours["accent"], linewidth=1.8)
        ax.scatter(
            [optimum.value], [row], s=46, color=colours["accent"], label="optimum, 90 % interval" if first else None
        )
        if quantity.published is not None:
            ax.scatter(
                [quantity.published],
                [row],
                s=90,
                marker="|",
                color=colours["warm"],
                linewidths=2,
                label="RobustScaling" if first else None,
                zorder=3,
            )
    ax.set_yticks(range(len(rows)), names)
    ax.invert_yaxis()
    ax.set_xlabel(f"Share of total depth or width, and r_D, at the highest {findings.metric.phrase}")
    ax.xaxis.set_major_formatter(lambda value, _position: share_text(value))
    return _titled(ax, f"Rule of {findings.run}", colours, legend=bool(rows))


def plot_depth_to_width(findings: Findings, ax: "Axes | None" = None, *, dark: bool = False) -> "Axes":
    """Draw the score by r_D, the sum of depths divided by the sum of depths and widths, in bands of FLOPs.

    It follows figure 8 of "Revisiting Residual Networks" (Huang et al., CVPR 2023): a point for each evaluation, and a
    line through the means of neighbours. FLOPs differ within a band, which may affect the apparent effect of r_D.

    Args:
        findings: of :func:`rnas.fit_rule`.
        ax: axes to draw in; None makes a figure.
        dark: whether the figure is light on dark.

    Raises:
        InputError: matplotlib is not installed.
    """
    ax, colours = _axes(ax, dark)
    observations, metric = findings.rules.observations, findings.metric
    bands = flops_bands(observations.flops)
    for rows, shade in zip(bands, sequence(len(bands), dark), strict=True):
        colour = _rgb(shade)
        xs, ys = observations.depth_to_width[rows], observations.score[rows]
        low, high = (format_size(end) for end in (observations.flops[rows].min(), observations.flops[rows].max()))
        ax.scatter(xs, ys, s=16, color=colour, alpha=0.45, linewidths=0)
        along, means = smoothed(xs, ys)
        label = f"{low} FLOPs" if low == high else f"{low} to {high} FLOPs"
        ax.plot(along, means, color=colour, marker="o", linewidth=2, label=label)
    if observations.stages == len(PUBLISHED.depths):
        ax.axvline(
            PUBLISHED.depth_share,
            color=colours["ink"],
            linestyle="--",
            linewidth=1.3,
            label=f"RobustScaling, r_D {share_text(PUBLISHED.depth_share)}",
        )
    ax.set_xlabel("r_D, depth to depth and width")
    ax.set_ylabel(metric.label)
    ax.yaxis.set_major_formatter(_formatter(metric))
    return _titled(ax, f"{metric.label} by depth to width", colours, legend=True)


def plot_history(result: TrainingResult, ax: "Axes | None" = None, *, dark: bool = False) -> "Axes":
    """Draw the accuracies of a training after each epoch, and mark the best epoch.

    Args:
        result: of a training.
        ax: axes to draw in; None makes a figure.
        dark: whether the figure is light on dark.

    Raises:
        InputError: matplotlib is not installed, or no epoch was done.
    """
    if not result.history:
        raise InputError(f"{result.path} has no epoch yet, so that there is nothing to draw; resume it")
    ax, colours = _axes(ax, dark)
    lines = {
        "val_clean_accuracy": ("clean, val", "stage-2", "-"),
        "val_robust_accuracy": ("robust, val", "accent", "-"),
        "train_robust_accuracy": ("robust under the inner attack, train", "muted", "--"),
    }
    epochs = [row["epoch"] for row in result.history]
    for column, (label, colour, style) in lines.items():
        values = [row[column] for row in result.history]
        ax.plot(epochs, values, color=colours[colour], linestyle=style, linewidth=2, label=label)
    best = best_row(result.history, result.settings.recipe)["epoch"]
    ax.axvline(best, color=colours["rule"], linewidth=1.3, label=f"best epoch, {best:.0f}")
    ax.set_xlabel("Epoch")
    ax.set_ylabel("Accuracy")
    ax.yaxis.set_major_formatter(_formatter(Metric("", "proportion")))
    return _titled(ax, f"Training {result.path.name}", colours, legend=True)


def _axes(ax: "Axes | None", dark: bool) -> "tuple[Axes, dict[str, str]]":
    """Return axes in the colours of the reports, and these colours by name."""
    require_extra("plot", "matplotlib")
    from matplotlib import pyplot

    colours = dict(palette(dark))
    if ax is None:
        figure, ax = pyplot.subplots(layout="constrained")
        figure.set_facecolor(colours["paper"])
    ax.set_facecolor(colours["paper"])
    ax.grid(color=colours["rule"], linewidth=0.8)
    ax.set_axisbelow(True)
    ax.tick_params(which="both", colors=colours["muted"], length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    return ax, colours


def _titled(ax: "Axes", title: str, colours: dict[str, str], legend: bool = False) -> "Axes":
    ax.set_title(title, loc="left", color=colours["ink"])
    for axis in (ax.xaxis, ax.yaxis):
        axis.label.set_color(colours["muted"])
    if legend:
        ax.legend(frameon=False, labelcolor=colours["muted"])
    return ax


def _objectives(metrics: Iterable[Metric]) -> list[Metric]:
    return [metric for metric in metrics if metric.direction]


def _front_axes(metrics: Sequence[Metric], x: str | None, y: str | None) -> tuple[Metric, Metric]:
    """Return the metrics of the axes: as in the report, the first objective stands over the second."""
    known = {metric.name: metric for metric in metrics}
    for field, name in (("x", x), ("y", y)):
        if name is not None and name not in known:
            raise InputError(f"{field}={name}: no evaluation has that metric; it is one of {', '.join(known)}")
    first, *rest = _objectives(metrics)
    # A search for one objective has no front; what it found stands over any other metric.
    second = next(iter([*rest, *(metric for metric in metrics if metric is not first)]), first)
    swapped = first.direction == "minimize" and second.direction == "maximize"
    across, up = (first, second) if swapped else (second, first)
    # What is not given is another metric than what is.
    if x is None:
        across = next((metric for metric in (across, up, *metrics) if metric.name != y), across)
    if y is None:
        up = next((metric for metric in (up, across, *metrics) if metric.name != x), up)
    return known.get(x or "", across), known.get(y or "", up)


def _intervals(front: Sequence[FrontMember], metric: Metric, values: Sequence[float]) -> "np.ndarray | None":
    """Return the distances (2, n) from values to the ends of their intervals; None if the metric has none."""
    scores = [next((s for s in m.objectives + m.others if s.metric.name == metric.name), None) for m in front]
    shares = [None if score is None else score.search_val_share for score in scores]
    if all(share is None for share in shares):
        return None
    pairs = [
        (0.0, 0.0) if share is None else (max(value - share.low, 0.0), max(share.high - value, 0.0))
        for share, value in zip(shares, values, strict=True)
    ]
    return np.array(pairs).T


def _scale(ax: "Axes", across: Metric, up: Metric, xs: Sequence[float]) -> None:
    if xs and min(xs) > 0 and max(xs) > _WIDEST * min(xs):
        ax.set_xscale("log")
    ax.xaxis.set_major_formatter(_formatter(across))
    ax.yaxis.set_major_formatter(_formatter(up))


def _formatter(metric: Metric) -> Any:
    """Return what formats the values at an axis, as a function of value and position."""
    if metric.kind == "proportion":
        return lambda value, _position: f"{100 * value:.4g} %"
    if metric.kind == "size":
        return lambda value, _position: format_size(value)
    return lambda value, _position: f"{value:.4g}"


def _rgb(colour: str) -> Any:
    """Return a colour of plotly, such as ``rgb(240, 199, 102)`` or ``#f0c766``, as matplotlib takes it."""
    if not colour.startswith("rgb("):
        return colour
    return tuple(float(part) / 255 for part in colour[4:-1].split(","))
