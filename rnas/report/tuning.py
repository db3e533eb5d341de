"""Word the result of a tuning, for the terminal and as a page."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from rnas.experiment import REPORT
from rnas.experiments.tuning.result import TuningResult
from rnas.report import _page as page
from rnas.report._blocks import Block, Code, Table, columns
from rnas.utils.quantities import duration, pluralize

_METRICS = {"robust_accuracy": "robust", "clean_accuracy": "clean"}


def write(result: TuningResult, path: Path) -> None:
    """Write ``report.html`` of a tuning into its directory."""
    training = result.settings.training
    title = f"Tuning of {training.recipe.name} for {training.network}"
    page.write_blocks(path / REPORT, "tuning", title, blocks(result))


def blocks(result: TuningResult) -> list[Block]:
    """Return the trials, the best compared with the given recipe, what mattered, and the config to use."""
    summary = result.summary
    shown: list[Block] = [trials(summary), *sentences(result.path / "recipe.yaml", summary)]
    if summary["config"] is not None:
        shown.append(Code(yaml.safe_dump(summary["config"], sort_keys=False).rstrip()))
    return shown


def trials(summary: Mapping[str, Any]) -> Table:
    """Return a row for each trial: its values, and what it reached at its best epoch."""
    metric = summary["val"]["metric"]
    other = next(name for name in _METRICS if name != metric)
    headings = ("trial", *summary["space"], _METRICS[metric], "95 % interval", _METRICS[other], "epoch", "")
    rows = tuple(tuple(_cells(summary, row, metric, other)) for row in summary["trials"])
    return Table(columns(*headings), rows)


def _cells(summary: Mapping[str, Any], row: Mapping[str, Any], metric: str, other: str) -> Sequence[str]:
    values = [
        value_word(row["parameters"][key]) if key in row["parameters"] else "as it is" for key in summary["space"]
    ]
    reached = ["", "", "", ""]
    if row["value"] is not None:
        interval = f"{row['low']:.1%} - {row['high']:.1%}"
        reached = [f"{row[metric]:.1%}", interval, f"{row[other]:.1%}", str(row["epoch"])]
    return [str(row["number"]), *values, *reached, _note(summary, row)]


def _note(summary: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    notes = {
        "complete": "",
        "pruned": f"stopped after epoch {row['epochs_done']}",
    }
    words = [notes.get(row["state"], f"{row['state']}: {row['reason']}")]
    if row["number"] == 0:
        words.append("the recipe as it is")
    if _is_best(summary, row):
        words.append("best")
    return ", ".join(word for word in words if word)


def _is_best(summary: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    return bool(row["number"] == summary["best"])


def sentences(recipe: Path, summary: Mapping[str, Any]) -> list[str]:
    """Return how trials were measured, the best one, what mattered, and how to train by it."""
    val = summary["val"]
    seconds = sum(row["seconds"] for row in summary["trials"])
    lines = [
        f"{pluralize(val['images'], 'val image')}, epsilon {summary['epsilon']}, {val['attack']}; "
        f"each trial at its best of {pluralize(summary['epochs'], 'epoch')}; {duration(seconds)} of training on "
        f"{summary['device']}.",
    ]
    if summary["best"] is None:
        return [*lines, "No trial was completed: give other ranges as --space, or look at the reasons above."]
    lines += [_comparison(summary), _importance(summary)]
    return [
        *lines,
        "The best of many on the same images is flattered, and another number of epochs may want other settings. On "
        f"images that nothing was chosen by: {_command(recipe, summary)}",
    ]


def _command(recipe: Path, summary: Mapping[str, Any]) -> str:
    """Return what trains the network by the best recipe."""
    training = summary["settings"]["training"]
    words = ["rnas", "train", summary["network"], "--recipe", str(recipe), "--data", training["data"]]
    if training["data_dir"] is not None:
        words += ["--data-dir", training["data_dir"]]
    return shlex.join([*words, "--epochs", str(summary["epochs"])])


def _comparison(summary: Mapping[str, Any]) -> str:
    compared = summary["comparison"]
    name = _METRICS[summary["val"]["metric"]]
    if compared is None:
        return (
            f"Best: trial {summary['best']}; the recipe as it is was not completed, so that nothing compares with it."
        )
    if summary["best"] == 0:
        return f"Best: the recipe as it is, {compared['best']:.1%} {name}; no other trial was better."
    noise = ", indistinguishable at 95 %" if compared["indistinguishable"] else ""
    return (
        f"Best: trial {summary['best']}, {compared['best']:.1%} {name} against {compared['published']:.1%} by the "
        f"recipe as it is: {100 * compared['difference']:+.1f} points{noise}."
    )


def _importance(summary: Mapping[str, Any]) -> str:
    if summary["importance"] is None:
        return "Too few trials were completed to say which setting mattered."
    shares = ", ".join(f"{key} {share:.0%}" for key, share in summary["importance"].items())
    return f"Share of the differences between trials that each setting explains (fANOVA): {shares}."


def value_word(value: Any) -> str:
    """Return one value: a number to three digits, the others as YAML has them."""
    return f"{value:.3g}" if isinstance(value, float) else yaml.safe_dump(value).splitlines()[0]
