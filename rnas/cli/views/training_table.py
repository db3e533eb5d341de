"""Print what came of a training."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rnas.cli.console import duration
from rnas.utils.quantities import pluralize


def print_summary(console: Console, summary: Mapping[str, Any]) -> None:
    """Print the accuracies of best and last side by side, and what their difference means."""
    best, last = summary["best"], summary["last"]
    same = best["epoch"] == last["epoch"]
    table = Table(box=None, pad_edge=False)
    table.add_column("test images", no_wrap=True)
    columns = {f"epoch {best['epoch']}, best and last" if same else f"best, epoch {best['epoch']}": best}
    if not same:
        columns[f"last, epoch {last['epoch']}"] = last
    for heading in columns:
        table.add_column(heading, justify="right", no_wrap=True)
    if not same:
        table.add_column("best - last", justify="right", no_wrap=True)
        table.add_column("")
    rows = [_accuracies(checkpoint["test"]) for checkpoint in columns.values()]
    for name in rows[0]:
        cells = [name, *(_accuracy(row[name]) for row in rows)]
        if not same:
            difference = next(row for row in summary["comparison"] if row["name"] == name)
            cells += [f"{100 * difference['difference']:+.2f}", _verdict(difference)]
        table.add_row(*map(Text, cells))
    console.print(table)
    console.print()
    for line in _lines(summary, same):
        console.print(line, highlight=False, markup=False)


def _accuracies(final: Mapping[str, Any]) -> dict[str, Mapping[str, float]]:
    attacks = {attack["name"]: attack for attack in final["attacks"]}
    return {"clean": final["clean"], **attacks, "worst case": final["worst_case"]}


def _accuracy(accuracy: Mapping[str, float]) -> str:
    return f"{accuracy['accuracy']:.2%} ({accuracy['low']:.2%} - {accuracy['high']:.2%})"


def _verdict(difference: Mapping[str, Any]) -> str:
    p_value = difference["p_value"]
    return f"indistinguishable, p = {p_value:.2f}" if difference["indistinguishable"] else f"p = {p_value:.1g}"


def _lines(summary: Mapping[str, Any], same: bool) -> Sequence[str]:
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
