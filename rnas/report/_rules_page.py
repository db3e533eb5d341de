"""Render a run's rule as one HTML file that needs no other files."""

import json
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from rnas.report import _page as page
from rnas.report import rules
from rnas.report._blocks import Figure
from rnas.report._rules_figures import depth_to_width_figure, shares_figure
from rnas.scaling_rules.findings import Findings


@dataclass(frozen=True)
class PageFigure:
    """One figure of the page."""

    id: str
    label: str
    light: go.Figure
    dark: go.Figure


def render(found: Findings) -> str:
    """Return the page as HTML text; equal findings give equal text."""
    content, drawn = found.to_dict(), figures(found)
    shown = rules.blocks(content, found.saved_rule().sentence(), [Figure(figure.id, figure.label) for figure in drawn])
    data = {figure.id: {"light": _plain(figure.light), "dark": _plain(figure.dark)} for figure in drawn}
    return page.render_blocks("rules", content["run"], shown, rules.summary(content), data)


def figures(found: Findings) -> list[PageFigure]:
    """Return figures 7 and 8 of the paper from a run, as far as it has the networks for them."""
    observations = found.rules.observations
    drawn = []
    ranking = found.ranking
    for ranked in () if ranking is None else (ranking.depth, ranking.width):
        if ranked is not None:
            label = f"Shares of {ranked.of} by level of total {ranked.of}; the tables hold their averages."
            light, dark = (shares_figure(ranked, dark) for dark in (False, True))
            drawn.append(PageFigure(f"{ranked.of}-shares", label, light, dark))
    label = f"{found.metric.label} by r_D, in bands of FLOPs."
    light, dark = (depth_to_width_figure(observations, dark) for dark in (False, True))
    return [*drawn, PageFigure("depth-to-width", label, light, dark)]


def _plain(figure: go.Figure) -> Any:
    """Convert a figure to JSON values, with arrays in plotly's packed form."""
    return json.loads(figure.to_json())
