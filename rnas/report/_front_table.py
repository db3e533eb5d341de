"""Write the front of a run as a table for the terminal and as CSV."""

import csv
import io
from collections.abc import Mapping
from typing import Any

from rich.table import Table
from rich.text import Text

from rnas.report._description import describe
from rnas.report._front import Score, judged, members
from rnas.report._front_view import drop_text, interval_text
from rnas.report._provenance import input_shape
from rnas.utils._metric import Metric, metrics_of


def front_table(run: Mapping[str, Any]) -> Table:
    """Return the front as a table: key, each objective on search_val and on test images, architecture.

    The first accuracy with a known image count is followed by its Wilson 95 % interval.

    Args:
        run: what ``result.json`` of a search holds.
    """
    metrics = metrics_of(run)
    front = members(run, metrics)
    shape = input_shape(run["evaluations"])
    objectives = [metric for metric in metrics if metric.direction]
    counted = shape and any(metric.name == "flops" for metric in objectives)
    table = Table(
        caption=Text("\n".join([*([f"FLOPs of one {shape} image"] if counted else []), *evaluated_as(run)])) or None,
        box=None,
        pad_edge=False,
        caption_justify="left",
    )
    table.add_column("key", no_wrap=True)
    columns = [
        column
        for metric in objectives
        for column in _columns(metric, [member.score(metric) for member in front], metric == judged(metrics))
    ]
    for heading, _ in columns:
        table.add_column(Text(heading), justify="right", no_wrap=True)
    table.add_column("architecture")
    for row, member in enumerate(front):
        numbers = [cells[row] for _, cells in columns]
        # Only the cell must not wrap: Rich would make a whole no-wrap column as narrow as its numbers.
        architecture = Text(describe(member.evaluation["architecture"]), no_wrap=True, overflow="ellipsis")
        table.add_row(*map(Text, (member.key, *numbers)), architecture)
    return table


def evaluated_as(run: Mapping[str, Any]) -> list[str]:
    """Return a line on the attack, images, seed and recipe behind a run's accuracies; empty if nothing was trained."""
    trained = [e for e in run["evaluations"] if {"evaluation", "data", "recipe"} <= e["provenance"].keys()]
    if not trained:
        return []
    provenance = trained[-1]["provenance"]
    attack, data = provenance["evaluation"], provenance["data"]
    return [
        f"{attack['attack']}, {attack['steps']} steps, epsilon {attack['epsilon']}; "
        f"{data['name']}: {data['images']['search_val']} images for the search, {data['images']['test']} for the test; "
        f"recipe {provenance['recipe']['name']}; seed {trained[-1]['seed']}"
    ]


def pareto_csv(run: Mapping[str, Any]) -> str:
    """Return the front as CSV text: key, objectives, all other metrics, search variables; missing values are empty.

    A variable with the same name as a metric is called ``parameter:NAME``.

    Args:
        run: what ``result.json`` of a search holds.
    """
    metrics = metrics_of(run)
    front = members(run, metrics)
    names = [metric.name for metric in metrics]
    variables = dict.fromkeys(name for member in front for name in member.evaluation["parameters"])
    headings = [f"parameter:{name}" if name in ("key", *names) else name for name in variables]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["key", *names, *headings])
    for member in front:
        values = member.evaluation["metrics"]
        parameters = member.evaluation["parameters"]
        writer.writerow([member.key, *map(values.get, names), *map(parameters.get, variables)])
    return text.getvalue()


def _columns(metric: Metric, scores: list[Score], with_interval: bool) -> list[tuple[str, list[str]]]:
    """Return heading and cells of each column of one objective."""
    columns = [(metric.label.replace(" ", "\n", 1) + f" {metric.arrow}", [metric.format(s.search) for s in scores])]
    if any(score.test is not None for score in scores):
        columns.append(("test", [metric.format(score.test) for score in scores]))
        columns.append(("drop", [drop_text(score) for score in scores]))
    if with_interval and any(score.share for score in scores):
        columns.append(("95 %\ninterval", [interval_text(score) for score in scores]))
    return columns
