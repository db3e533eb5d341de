"""Draw how depth and width are spread, as in "Revisiting Residual Networks" (Huang et al., CVPR 2023)."""

from collections.abc import Sequence
from itertools import accumulate

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from rnas._typing import Floats, Integers
from rnas.networks.residual import BASE_CHANNELS
from rnas.networks.robust_scaling import Rule
from rnas.report._palette import FONT, palette, sequence
from rnas.scaling_rules._proportion import proportion_text, share_text, shares_of
from rnas.scaling_rules.observations import Observations
from rnas.scaling_rules.ranking import BIN_SIZE, Level, NetworkGroup, RankedShares
from rnas.utils._metric import Metric, metric_of
from rnas.utils.quantities import format_size

PUBLISHED = Rule()
"""Rule that is drawn for reference if the networks have the same number of stages."""

_SAME_BUDGET = 1.25
"""Largest factor between the FLOPs of networks of one budget."""

_BUDGET_SIZE = 3
"""Smallest mean number of evaluations at a budget; with fewer, gaps between FLOPs may be chance."""

_MOST_BANDS = 4
_BAND_SIZE = 20
_MOST_POINTS = 20

_BAR = 0.9
"""Share of the available width that a bar fills."""

_R_D = "r<sub>D</sub>"

_NAMES = {"top": "Top tenth", "uniform": "Uniform", "bottom": "Bottom tenth"}


def shares_figure(ranked: RankedShares, dark: bool = False) -> go.Figure:
    """Draw the shares of the stages by level of total depth or width, for networks ranked top, uniform and bottom.

    The figure follows figure 7 (b, c, d and f, g, h). Each level has a bar that is divided by the group's mean shares,
    and the group's mean score below it. Dashed lines are the published shares, if networks have three stages.

    Args:
        ranked: shares of depth or of width.
        dark: whether the figure is light on dark.
    """
    colours = palette(dark)
    metric = metric_of(ranked.metric, [level.top.score for level in ranked.levels])
    figure = make_subplots(
        rows=2,
        cols=3,
        row_heights=[0.7, 0.3],
        shared_xaxes="all",
        shared_yaxes="rows",
        vertical_spacing=0.06,
        horizontal_spacing=0.03,
        subplot_titles=[_panel(name, getattr(ranked, name)) for name in _NAMES],
    )
    levels, widths = _bars(ranked)
    totals = [_total_text(level) for level in ranked.levels]
    for column, name in enumerate(_NAMES, 1):
        groups = [getattr(level, name) for level in ranked.levels]
        here = {"row": 1, "col": column}
        for stage in range(len(ranked.top.shares)):
            figure.add_trace(
                go.Bar(
                    x=levels,
                    width=_BAR * widths,
                    y=[None if group is None else group.shares[stage] for group in groups],
                    text=totals,
                    textposition="none",
                    name=f"Stage {stage + 1}",
                    legendgroup=f"Stage {stage + 1}",
                    showlegend=column == 1,
                    marker={"color": colours[f"stage-{stage + 1}"], "line": {"width": 0}},
                    customdata=[None if group is None else group.networks for group in groups],
                    hovertemplate=f"total {ranked.of} %{{text}}<br>stage {stage + 1}: %{{y:.1%}}"
                    "<br>%{customdata} networks<extra></extra>",
                ),
                **here,
            )
        figure.add_trace(
            go.Scatter(
                x=levels,
                y=[None if group is None else group.score for group in groups],
                text=totals,
                mode="lines+markers",
                connectgaps=True,
                name="Mean score",
                showlegend=False,
                marker={"size": 6, "color": colours["accent"]},
                line={"width": 1.3, "color": colours["accent"]},
                hovertemplate=f"total {ranked.of} %{{text}}<br>{metric.phrase} %{{y}}<extra></extra>",
            ),
            row=2,
            col=column,
        )
    _add_published_shares(figure, ranked, (levels[0] - widths[0] / 2, levels[-1] + widths[-1] / 2), colours["ink"])
    _style(figure, f"Shares of {ranked.of} by total {ranked.of}", _subtitle(ranked, metric), dark)
    unit = "blocks" if ranked.of == "depth" else f"multiples of {_channels(len(ranked.top.shares))} channels"
    figure.update_layout(barmode="stack", legend_traceorder="normal", height=620)
    figure.update_yaxes(range=[0, 1], tickformat=".0%", row=1)
    figure.update_yaxes(title_text=f"Share of total {ranked.of}", row=1, col=1)
    figure.update_yaxes(title_text=metric.label, row=2, col=1)
    # Without a range, plotly gives these matched axes its default range for no data.
    figure.update_yaxes(tickformat=_tick_format(metric), range=_range(ranked.levels), row=2)
    figure.update_xaxes(title_text=f"Total {ranked.of} ({unit})", row=2, col=2)
    return figure


def depth_to_width_figure(observations: Observations, dark: bool = False) -> go.Figure:
    """Draw the score by r_D, the sum of depths divided by the sum of depths and widths, in bands of FLOPs.

    The figure follows figure 8: a point for each evaluation, and a line through the means of neighbours. The bands are
    budgets, if the evaluations form groups of FLOPs, else up to four bands with equal numbers of evaluations. FLOPs
    differ within a band, which may affect the apparent effect of r_D. The dashed line is the published optimum, if
    networks have three stages.

    Args:
        observations: evaluated networks.
        dark: whether the figure is light on dark.
    """
    metric = metric_of(observations.metric, observations.score.tolist())
    figure = go.Figure()
    bands = flops_bands(observations.flops)
    for rows, colour in zip(bands, sequence(len(bands), dark), strict=True):
        x, y = observations.depth_to_width[rows], observations.score[rows]
        name = _band_text(observations.flops[rows])
        figure.add_trace(
            go.Scatter(
                x=x,
                y=y,
                mode="markers",
                name=name,
                legendgroup=name,
                showlegend=False,
                marker={"size": 6, "color": colour, "opacity": 0.45},
                text=[_setting_text(observations, row) for row in rows],
                hovertemplate=f"%{{text}}<br>{_R_D} %{{x:.2f}}<br>{metric.phrase} %{{y}}<extra></extra>",
            )
        )
        along, means = smoothed(x, y)
        figure.add_trace(
            go.Scatter(
                x=along,
                y=means,
                mode="lines+markers",
                name=name,
                legendgroup=name,
                marker={"size": 8, "color": colour, "line": {"width": 1, "color": palette(dark)["paper"]}},
                line={"width": 2, "color": colour},
                hovertemplate=f"mean at {_R_D} %{{x:.2f}}<br>{metric.phrase} %{{y}}<extra>{name}</extra>",
            )
        )
    subtitle = f"{len(observations):,} evaluations; lines join means of neighbours in a band of FLOPs"
    _style(figure, f"{metric.label} by depth to width", subtitle, dark)
    if observations.stages == len(PUBLISHED.depths):
        figure.add_vline(
            x=PUBLISHED.depth_share,
            line={"dash": "dash", "width": 1.3, "color": palette(dark)["ink"]},
            annotation={
                "text": f"RobustScaling, {_R_D} {share_text(PUBLISHED.depth_share)}",
                "font": {"color": palette(dark)["ink"]},
                "yref": "paper",
                "y": 1,
                "yanchor": "bottom",
                "xanchor": "center",
            },
        )
    channels = _channels(observations.stages)
    figure.update_xaxes(title_text=f"{_R_D} = ΣD / (ΣD + ΣW), D in blocks, W in multiples of {channels} channels")
    figure.update_yaxes(title_text=metric.label, tickformat=_tick_format(metric))
    figure.update_layout(height=540)
    return figure


def flops_bands(flops: Floats) -> list[Integers]:
    """Return the rows of each band of FLOPs (n,), ascending: separate budgets, else bands with equal numbers of
    rows."""
    order = np.argsort(flops, kind="stable")
    jumps = np.flatnonzero(flops[order][1:] > _SAME_BUDGET * flops[order][:-1]) + 1
    budgets = np.split(order, jumps)
    narrow = all(flops[rows].max() <= _SAME_BUDGET * flops[rows].min() for rows in budgets)
    if narrow and len(flops) >= _BUDGET_SIZE * len(budgets):
        return budgets
    return np.array_split(order, int(np.clip(len(flops) // _BAND_SIZE, 1, _MOST_BANDS)))


def smoothed(x: Floats, y: Floats) -> tuple[list[float], list[float]]:
    """Return means of neighbours: of each value of x (n,) if these are few, else of groups of about equal size."""
    values, which = np.unique(x.round(6), return_inverse=True)
    if len(values) <= _MOST_POINTS:
        groups = [np.flatnonzero(which == value) for value in range(len(values))]
    else:
        groups = np.array_split(np.argsort(x, kind="stable"), int(np.clip(len(x) // BIN_SIZE, 2, _MOST_POINTS)))
    return [float(x[rows].mean()) for rows in groups], [float(y[rows].mean()) for rows in groups]


def _add_published_shares(figure: go.Figure, ranked: RankedShares, span: tuple[float, float], ink: str) -> None:
    published = PUBLISHED.depths if ranked.of == "depth" else PUBLISHED.widths
    if len(published) != len(ranked.top.shares):
        return
    for column in range(1, len(_NAMES) + 1):
        for number, height in enumerate(list(accumulate(shares_of(published)))[:-1]):
            figure.add_trace(
                go.Scatter(
                    x=span,
                    y=[height, height],
                    mode="lines",
                    name=f"RobustScaling, {proportion_text(published)}",
                    legendgroup="published",
                    showlegend=column == 1 and number == 0,
                    line={"dash": "dash", "width": 1.5, "color": ink},
                    hoverinfo="skip",
                ),
                row=1,
                col=column,
            )


def _style(figure: go.Figure, title: str, subtitle: str, dark: bool) -> None:
    colours = palette(dark)
    figure.update_layout(
        title={
            "text": title,
            "font": {"size": 19, "color": colours["ink"]},
            "subtitle": {"text": subtitle, "font": {"size": 13, "color": colours["muted"]}},
            "x": 0,
            "xref": "paper",
            "y": 1,
            "yanchor": "top",
            "pad": {"t": 18},
        },
        font={"family": FONT, "size": 12.5, "color": colours["muted"]},
        paper_bgcolor=colours["paper"],
        plot_bgcolor=colours["paper"],
        hoverlabel={"bgcolor": colours["raised"], "bordercolor": colours["rule"], "font": {"color": colours["ink"]}},
        legend={"orientation": "h", "x": 0, "y": -0.16, "yanchor": "top", "bgcolor": "rgba(0,0,0,0)"},
        margin={"l": 70, "r": 20, "t": 125, "b": 100},
        hovermode="closest",
    )
    figure.update_xaxes(gridcolor=colours["rule"], linecolor=colours["rule"], zeroline=False, automargin=True)
    figure.update_yaxes(gridcolor=colours["rule"], linecolor=colours["rule"], zeroline=False, automargin=True)
    figure.update_annotations(font={"size": 13, "color": colours["ink"]}, yshift=6)


def _range(levels: Sequence[Level]) -> list[float]:
    """Return the ends of an axis that holds the scores of all groups."""
    low, high = min(level.bottom.score for level in levels), max(level.top.score for level in levels)
    margin = 0.12 * (high - low) or 0.5
    return [low - margin, high + margin]


def _panel(name: str, average: NetworkGroup | None) -> str:
    if average is None:
        return f"{_NAMES[name]}: no network"
    if name == "uniform":
        return f"{_NAMES[name]}, better than {average.place:.0%} of their levels"
    return f"{_NAMES[name]}, on average {proportion_text(average.shares)}"


def _subtitle(ranked: RankedShares, metric: Metric) -> str:
    levels = f"{len(ranked.levels)} {'bins' if ranked.binned else 'levels'} of total {ranked.of}"
    networks = sum(level.networks for level in ranked.levels)
    text = f"{networks:,} networks in {levels}, ranked in each by {metric.phrase}"
    if ranked.tau is None:
        return text
    return f"{text}; Kendall's τ of total {ranked.of} and {metric.phrase} {ranked.tau:.2f}"


def _bars(ranked: RankedShares) -> tuple[Floats, Floats]:
    """Return centres and widths (levels,) of the bars; a width is the distance of totals or the width of a bin."""
    lows, highs = (np.array([getattr(level, end) for level in ranked.levels]) for end in ("low", "high"))
    if not ranked.binned or len(lows) == 1:
        apart = np.diff(lows).min() if len(lows) > 1 else max(1.0, highs[0] - lows[0])
        return (lows + highs) / 2, np.full(len(lows), apart)
    ends = np.concatenate([lows[:1], (highs[:-1] + lows[1:]) / 2, highs[-1:]])
    return (ends[1:] + ends[:-1]) / 2, np.diff(ends)


def _total_text(level: Level) -> str:
    return f"{level.low:g}" if level.low == level.high else f"{level.low:g} to {level.high:g}"


def _band_text(flops: Floats) -> str:
    low, high = format_size(flops.min()), format_size(flops.max())
    return f"{low} FLOPs" if low == high else f"{low} to {high} FLOPs"


def _setting_text(observations: Observations, row: int) -> str:
    depths, widths = (",".join(f"{x:g}" for x in v[row]) for v in (observations.depths, observations.widths))
    return f"D = {depths}; W = {widths}; {format_size(observations.flops[row])} FLOPs"


def _tick_format(metric: Metric) -> str | None:
    return ".3~p" if metric.kind == "proportion" else None


def _channels(stages: int) -> str:
    *others, last = map(str, BASE_CHANNELS[:stages])
    return f"{', '.join(others)} and {last}"
