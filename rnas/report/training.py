"""Word the result of a training, for the terminal and as a page."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rnas.experiment import REPORT
from rnas.experiments.training.result import TrainingResult
from rnas.report import _page as page
from rnas.report._blocks import Block, Heading, Table, columns
from rnas.utils.quantities import duration, pluralize

_HISTORY = {
    "loss": ("loss", "{:.4f}"),
    "learning_rate": ("learning rate", "{:.2g}"),
    "train_robust_accuracy": ("robust, train", "{:.1%}"),
    "val_clean_accuracy": ("clean, val", "{:.1%}"),
    "val_robust_accuracy": ("robust, val", "{:.1%}"),
}
"""Columns of a history with their headings and formats."""


def write(result: TrainingResult, path: Path) -> None:
    """Write ``report.html`` of a training into its directory."""
    title = f"{result.settings.network}, trained by {result.settings.recipe.name}"
    summary = result.summary
    early = []
    if summary is not None and summary["status"] != "complete":
        early = [f"The training ended early ({summary['status']}): {summary['reason']}."]
    page.write_blocks(path / REPORT, "training", title, [*early, *blocks(result), *history(result)])


def blocks(result: TrainingResult) -> list[Block]:
    """Return the accuracies of best and last weights side by side, and what their difference means."""
    summary = result.summary
    return [] if summary is None or summary["status"] == "diverged" else [accuracies(summary), *sentences(summary)]


def history(result: TrainingResult) -> list[Block]:
    """Return the table with a row for each epoch; empty before the first has ended."""
    rows = tuple(
        (f"{row['epoch']:.0f}", *(form.format(row[name]) for name, (_, form) in _HISTORY.items()))
        for row in result.history
    )
    headings = (heading for heading, _ in _HISTORY.values())
    return [Heading("Epochs"), Table(columns("epoch", *headings), rows)] if rows else []


def accuracies(summary: Mapping[str, Any]) -> Table:
    """Return the test accuracies of the best and the last weights, and their differences."""
    best, last = summary["best"], summary["last"]
    if best["epoch"] == last["epoch"]:
        rows = [(name, _accuracy(own)) for name, own in _accuracies(best["test"]).items()]
        return Table(columns("test images", f"epoch {best['epoch']}, best and last"), tuple(rows))
    differences = {row["name"]: row for row in summary["comparison"]}
    others = _accuracies(last["test"])
    headings = ("test images", f"best, epoch {best['epoch']}", f"last, epoch {last['epoch']}", "best - last", "")
    found = []
    for name, own in _accuracies(best["test"]).items():
        difference = differences[name]
        gap = f"{100 * difference['difference']:+.2f}"
        found.append((name, _accuracy(own), _accuracy(others[name]), gap, _verdict(difference)))
    return Table(columns(*headings), tuple(found))


def _accuracies(final: Mapping[str, Any]) -> dict[str, Mapping[str, float]]:
    attacks = {attack["name"]: attack for attack in final["attacks"]}
    return {"clean": final["clean"], **attacks, "worst case": final["worst_case"]}


def _accuracy(accuracy: Mapping[str, float]) -> str:
    return f"{accuracy['accuracy']:.2%} ({accuracy['low']:.2%} - {accuracy['high']:.2%})"


def _verdict(difference: Mapping[str, Any]) -> str:
    p_value = difference["p_value"]
    return f"indistinguishable, p = {p_value:.2f}" if difference["indistinguishable"] else f"p = {p_value:.1g}"


def sentences(summary: Mapping[str, Any]) -> Sequence[str]:
    """Return how the accuracies were measured, what their difference means, and how the network was trained."""
    same = summary["best"]["epoch"] == summary["last"]["epoch"]
    evaluation, settings = summary["evaluation"], summary["settings"]
    lines = [
        f"{pluralize(evaluation['images'], 'image')}, epsilon {summary['epsilon']}, seed of the attacks "
        f"{evaluation['seed']}; in brackets Wilson 95 % intervals; "
        "worst case: right as they are and under every attack.",
    ]
    if not same:
        worst = next(row for row in summary["comparison"] if row["name"] == "worst case")
        points = 100 * worst["difference"]
        if worst["indistinguishable"]:
            lines.append(f"Under attack best and last are indistinguishable at 95 % ({abs(points):.2f} points apart).")
        elif points > 0:
            lines.append(f"Robust overfitting: under attack the last epoch is {points:.2f} points below the best.")
        else:
            # To take the last for it would be to choose on test images.
            lines.append(
                f"Under attack the last epoch is {-points:.2f} points above the one that was chosen on the val split."
            )
    trained = summary["seconds"]["train"] + summary["seconds"]["val"]
    changes = f" with {' and '.join(summary['recipe_changes'])} changed" if summary["recipe_changes"] else ""
    lines.append(
        f"Recipe {summary['recipe']}{changes} (hash {summary['recipe_hash']}), data {summary['data']['name']} (hash "
        f"{summary['data']['hash']}), seed {summary['seed']}, split seed {settings['split_seed']}, "
        f"{duration(trained)} on {summary['device']}."
    )
    return lines
