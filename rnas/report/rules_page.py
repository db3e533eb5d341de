"""A run's rule as one HTML file that needs nothing else."""

import json
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from rnas import __version__
from rnas.report import rules
from rnas.report.page import asset, environment, policy
from rnas.rules.drawing import depth_to_width_figure, shares_figure
from rnas.rules.findings import Findings

_SCRIPTS = ("page.js", "theme.js", "plots.js", "rules.js")
_STYLES = ("report.css", "rules.css")


@dataclass(frozen=True)
class Figure:
    """One figure of the page."""

    id: str
    label: str
    light: go.Figure
    dark: go.Figure


def render(found: Findings) -> str:
    """The page as HTML text; equal findings give equal text.

    Everything is inside, and the page asks the browser to refuse any request and any script but its own.
    """
    content = found.to_dict()
    plotly, script = get_plotlyjs(), asset(*_SCRIPTS)
    drawn = figures(found)
    rankings = [
        {"table": table, "sentences": rules.ranking_sentences(content, of)}
        for of in ("depth", "width")
        if (table := rules.ranking_table(content, of)) is not None
    ]
    return (
        environment()
        .get_template("rules_page.html")
        .render(
            policy=policy(plotly, script),
            style=Markup(asset(*_STYLES)),
            plotly=Markup(plotly),
            script=Markup(script),
            figure_data=htmlsafe_json_dumps(
                {figure.id: {"light": _plain(figure.light), "dark": _plain(figure.dark)} for figure in drawn},
                allow_nan=False,
            ),
            figures=drawn,
            content=content,
            summary=rules.summary(content),
            sentence=found.saved_rule().sentence(),
            rules=rules.view(content, content["evaluations"]),
            papers=rules.PAPERS,
            rankings=rankings,
            explained=rules.explained_table(content),
            explained_sentence=rules.explained_sentence(content),
            blocks=rules.blocks_table(content),
            blocks_sentence=rules.BLOCKS,
            exponents=rules.exponents_sentence(content),
            drifts=rules.drifts_table(content),
            drifts_sentence=rules.DRIFTS,
            version=__version__,
        )
    )


def figures(found: Findings) -> list[Figure]:
    """Figures 7 and 8 of the paper from a run, those of which it has the networks."""
    observations = found.rules.observations
    drawn = []
    ranking = found.ranking
    for ranked in () if ranking is None else (ranking.depth, ranking.width):
        if ranked is not None:
            label = f"Shares of {ranked.of} by level of total {ranked.of}; the tables hold their averages."
            light, dark = (shares_figure(ranked, dark) for dark in (False, True))
            drawn.append(Figure(f"{ranked.of}-shares", label, light, dark))
    label = f"{found.metric.label} by r_D, in bands of FLOPs."
    light, dark = (depth_to_width_figure(observations, dark) for dark in (False, True))
    return [*drawn, Figure("depth-to-width", label, light, dark)]


def _plain(figure: go.Figure) -> Any:
    """A figure as JSON values; its arrays stay packed, as plotly packs them."""
    return json.loads(figure.to_json())
