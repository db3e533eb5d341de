"""Word the result of RobNet's search, for the terminal and as a page."""

import json
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from baselines.robnet_findings import FSP
from baselines.robnet_search import RobNetResult
from rnas.experiment import REPORT
from rnas.report import _page as page
from rnas.report._blocks import Block, Facts, Figure, Heading, Table, columns
from rnas.report._palette import FONT, palette
from rnas.report.supernet import cost_sentence
from rnas.utils.files import write_text
from rnas.utils.quantities import format_size, pluralize

_FIGURE = "ranking"
_SOURCE = "Guo, Yang, Xu, Liu, Lin: When NAS Meets Robustness, CVPR 2020"


def write(result: RobNetResult, path: Path) -> None:
    """Write ``report.html`` of RobNet's search into its directory."""
    label = (
        "Left: FSP distance of the deepest cell and robust accuracy of the networks of one cell. Right: robust "
        "accuracy with shared weights and after fine-tuning of the networks of many cells that the filter kept."
    )
    shown = [*blocks(result), Heading("Development of the ranking"), Figure(_FIGURE, label), label, *ranking(result)]
    data = {_FIGURE: {theme: _plain(figure(result, dark)) for theme, dark in (("light", False), ("dark", True))}}
    title = f"Cells by robnet on {result.settings.data}"
    write_text(path / REPORT, page.render_blocks("search for cells", title, shown, _SOURCE, data))


def blocks(result: RobNetResult) -> list[Block]:
    """Return the derived networks, the findings, and what the search has cost."""
    method = result.settings.method
    rows = tuple(
        (
            one.name,
            f"{result.path}/{one.member}",
            f"{one.record.metrics['robust_accuracy']:.1%}",
            f"{one.record.metrics['clean_accuracy']:.1%}",
            format_size(one.record.metrics["params"]),
            format_size(one.record.metrics["flops"]),
        )
        for one in result.variants
    )
    titles = columns("network", "name for other commands", "robust", "clean", "params", "FLOPs", words=2)
    shown: list[Block] = [
        f"{pluralize(len(result.cells), 'network')} of one cell, each fine-tuned for "
        f"{pluralize(method.finetune_epochs, 'epoch')}; {len(result.paths)} of many cells, of which the filter by FSP "
        f"distance kept {len(result.free)}.",
        Table(titles, rows),
        "Robust and clean: accuracy on search_val images, on which these networks were chosen, so that it is too high.",
        Heading("The three findings of the paper"),
    ]
    if result.findings is None:
        shown.append("There are too few networks of one cell to say anything.")
    else:
        shown += result.findings.sentences()
        shown.append(
            f"Each is Kendall's tau over {result.findings.networks} networks of one cell, with its 95 % interval by "
            "the bootstrap over networks. Direct edges are those from the inputs of a cell."
        )
    shown += [
        Heading("Cost"),
        Facts(
            {
                "images forward": f"{result.cost.images_forward:,}",
                "images backward": f"{result.cost.images_backward:,}",
            }
        ),
        f"{cost_sentence(result.cost)} The training of the supernet is part of it.",
        f"Train the most robust network with: rnas train {result.path} --recipe sat",
    ]
    return shown


def ranking(result: RobNetResult) -> list[Block]:
    """Return how the kept networks rank by the filter, with shared weights, and after fine-tuning."""
    before = {record.key: record for record in result.paths}
    tuned = [record for record in result.free if record.key in before]
    if not tuned:
        return ["No networks of many cells were searched."]
    shared = [before[record.key].metrics["robust_accuracy"] for record in tuned]
    last = [record.metrics["robust_accuracy"] for record in tuned]
    rows = tuple(
        (
            record.key,
            f"{before[record.key].metrics[FSP]:.3g}",
            f"{shared[row]:.1%}",
            str(1 + sum(value > shared[row] for value in shared)),
            f"{last[row]:.1%}",
            str(1 + sum(value > last[row] for value in last)),
        )
        for row, record in enumerate(tuned)
    )
    titles = columns("network", "FSP distance", "robust, shared", "rank", "robust, fine-tuned", "rank ")
    agreement = result.agreement
    said = (
        "There are too few networks to say whether shared weights rank them as fine-tuned weights do."
        if agreement is None
        else "Kendall's tau between the robust accuracies with shared and with fine-tuned weights is "
        f"{agreement.value:+.2f} (95 % interval {agreement.low:+.2f} to {agreement.high:+.2f})."
    )
    return [said, Table(titles, rows, sortable=True)]


def figure(result: RobNetResult, dark: bool = False) -> go.Figure:
    """Draw FSP distance against robust accuracy, and robust accuracy before against after fine-tuning.

    Args:
        result: of the search.
        dark: whether the figure is light on dark.
    """
    colours = palette(dark)
    drawn = make_subplots(rows=1, cols=2, subplot_titles=["Networks of one cell", "Networks of many cells"])
    before = {record.key: record.metrics["robust_accuracy"] for record in result.paths}
    panels = (
        [(record.key, record.metrics[FSP], record.metrics["robust_accuracy"]) for record in result.cells],
        [
            (record.key, before[record.key], record.metrics["robust_accuracy"])
            for record in result.free
            if record.key in before
        ],
    )
    for number, points in enumerate(panels, start=1):
        drawn.add_trace(
            go.Scatter(
                x=[x for _, x, _ in points],
                y=[y for _, _, y in points],
                text=[key for key, _, _ in points],
                mode="markers",
                marker={"size": 7, "color": colours["accent"]},
                showlegend=False,
                hovertemplate="%{text}<br>%{x:.4g}, %{y:.1%}<extra></extra>",
            ),
            row=1,
            col=number,
        )
    drawn.update_layout(
        font={"family": FONT, "size": 12.5, "color": colours["muted"]},
        paper_bgcolor=colours["paper"],
        plot_bgcolor=colours["paper"],
        margin={"l": 70, "r": 20, "t": 50, "b": 60},
        height=400,
    )
    drawn.update_xaxes(gridcolor=colours["rule"], zeroline=False)
    drawn.update_yaxes(gridcolor=colours["rule"], zeroline=False, tickformat=".0%")
    drawn.update_xaxes(title_text="FSP distance of the deepest cell", row=1, col=1)
    drawn.update_xaxes(title_text="robust accuracy, shared weights", tickformat=".0%", row=1, col=2)
    drawn.update_yaxes(title_text="robust accuracy, fine-tuned", row=1, col=1)
    return drawn


def _plain(drawn: go.Figure) -> Any:
    return json.loads(drawn.to_json())
