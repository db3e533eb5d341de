"""Word the result of a search for cells, for the terminal and as a page."""

import json
from pathlib import Path
from statistics import fmean
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from rnas.experiment import REPORT
from rnas.experiments.cell_search.result import CellSearchResult, genotype_text
from rnas.networks.cell_skeleton import EDGES
from rnas.report import _page as page
from rnas.report._blocks import Block, Code, Facts, Figure, Heading, Table, columns
from rnas.report._palette import FONT, palette
from rnas.utils.files import write_text
from rnas.utils.quantities import duration, format_size

_CELLS = ("Normal", "Reduction")
_FIGURE = "strengths"
_COLOURS = ("faint", "stage-1", "stage-2", "stage-3", "stage-4", "accent", "warm", "warning")


def write(result: CellSearchResult, path: Path) -> None:
    """Write ``report.html`` of a search for cells into its directory."""
    settings = result.settings
    title = f"Cells by {settings.method['name']} on {settings.data}"
    label = "Mean strength of each operation over the edges of a cell, after each epoch; the tables hold the last."
    shown = [*blocks(result), Heading("Development"), Figure(_FIGURE, label), *development(result), *history(result)]
    data = {_FIGURE: {theme: _plain(figure(result, dark)) for theme, dark in (("light", False), ("dark", True))}}
    write_text(path / REPORT, page.render_blocks("search for cells", title, shown, result.source, data))


def blocks(result: CellSearchResult) -> list[Block]:
    """Return the derived cells, the network, and what the search has cost."""
    content = result.to_dict()
    ending = [f"The search ended before its last epoch: {result.diverged}."] if result.diverged else []
    return [
        *ending,
        *(block for cell, name in enumerate(_CELLS) for block in (Heading(f"{name} cell"), derived(result, cell))),
        Heading("Network and cost"),
        Code(genotype_text(result.genotype)),
        Facts(
            {
                "network": f"{content['key']}, {format_size(content['params'])} parameters, "
                f"{format_size(content['flops'])} FLOPs, {result.settings.derived_layers} cells, "
                f"{result.settings.derived_channels} channels",
                "epochs": str(len(result.history)),
                "images forward": f"{result.cost.images_forward:,}",
                "images backward": f"{result.cost.images_backward:,}",
                "device": f"{duration(result.cost.device_seconds)} on {result.settings.device}",
            }
        ),
        f"Train the network with: rnas train {result.path} --recipe sat",
    ]


def derived(result: CellSearchResult, cell: int) -> Table:
    """Return the edges of a derived cell, each with its strength and that of the next best operation."""
    names = result.operations
    genotype = (result.genotype.normal, result.genotype.reduction)[cell]
    rows = []
    for node, edges in enumerate(genotype.nodes, start=2):
        for operation, source in edges:
            row = result.strengths[-1][cell][EDGES.index((source, node))]
            others = [(value, name) for value, name in zip(row, names, strict=True) if name != operation]
            next_best, next_name = max(others)
            own = row[names.index(operation)]
            rows.append((f"{source} to {node}", operation, f"{own:.4f}", f"{next_name} {next_best:.4f}"))
    headings = columns("edge", "operation", "strength", "next best", words=2, last_words=1)
    return Table(headings, tuple(rows))


def development(result: CellSearchResult) -> list[Block]:
    """Return when the cells were last changed, and all strengths of the last epoch."""
    epochs, last = len(result.history), result.genotype
    changed = [epoch for epoch in range(epochs) if result.genotype_after(epoch) != last]
    since = changed[-1] + 1 if changed else 0
    names = result.operations
    shown: list[Block] = [
        f"The derived cells are those of the end since epoch {since} of {epochs}. If they changed until the end, or if "
        "the next best operation of an edge is nearly as strong, another seed is likely to give other cells."
    ]
    for cell, name in enumerate(_CELLS):
        rows = tuple(
            (f"{source} to {node}", *(f"{value:.4f}" for value in row))
            for (source, node), row in zip(EDGES, result.strengths[-1][cell], strict=True)
        )
        shown += [f"Strengths of the operations in the {name.lower()} cell:", Table(columns("edge", *names), rows)]
    return shown


def history(result: CellSearchResult) -> list[Block]:
    """Return the table with a row for each epoch; empty before the first has ended."""
    if not result.history:
        return []
    terms = [name for name in result.history[0] if name.startswith("held_")]
    titles = ("epoch", "loss of the weights", *(f"{_term(name)}, held" for name in terms), "images forward", "seconds")
    rows = tuple(
        (
            f"{row['epoch']:.0f}",
            f"{row['loss']:.4f}",
            *(f"{row[name]:.4f}" for name in terms),
            f"{row['images_forward']:,.0f}",
            f"{row['seconds']:.1f}",
        )
        for row in result.history
    )
    return [Heading("Epochs"), Table(columns(*titles), rows)]


def _term(name: str) -> str:
    return name.removeprefix("held_").replace("_", " ")


def figure(result: CellSearchResult, dark: bool = False) -> go.Figure:
    """Draw the mean strength of each operation over the edges of the normal and of the reduction cell by epoch.

    Args:
        result: a search with at least one epoch.
        dark: whether the figure is light on dark.
    """
    colours = palette(dark)
    names = result.operations
    drawn = make_subplots(rows=1, cols=2, shared_yaxes=True, subplot_titles=[f"{name} cell" for name in _CELLS])
    epochs = list(range(len(result.strengths)))
    for cell in range(len(_CELLS)):
        for number, name in enumerate(names):
            drawn.add_trace(
                go.Scatter(
                    x=epochs,
                    y=[fmean(row[number] for row in tables[cell]) for tables in result.strengths],
                    name=name,
                    legendgroup=name,
                    showlegend=cell == 0,
                    mode="lines",
                    line={"width": 1.8, "color": colours[_COLOURS[number % len(_COLOURS)]]},
                    hovertemplate=f"{name}<br>epoch %{{x}}: %{{y:.4f}}<extra></extra>",
                ),
                row=1,
                col=cell + 1,
            )
    drawn.update_layout(
        font={"family": FONT, "size": 12.5, "color": colours["muted"]},
        paper_bgcolor=colours["paper"],
        plot_bgcolor=colours["paper"],
        legend={"orientation": "h", "x": 0, "y": -0.16, "yanchor": "top", "bgcolor": "rgba(0,0,0,0)"},
        margin={"l": 70, "r": 20, "t": 50, "b": 100},
        height=440,
    )
    drawn.update_xaxes(title_text="epoch", gridcolor=colours["rule"], zeroline=False)
    drawn.update_yaxes(gridcolor=colours["rule"], zeroline=False)
    drawn.update_yaxes(title_text="mean strength", row=1, col=1)
    return drawn


def _plain(drawn: go.Figure) -> Any:
    return json.loads(drawn.to_json())
