"""``rnas study``: the papers' studies, repeated and judged."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from rnas.cli.interruption import interruptible
from rnas.cli.output import AsJson, print_json, stderr, stdout
from rnas.errors import InputError

if TYPE_CHECKING:
    from rnas.experiment import Listener
    from rnas.experiments.replications.settings import StudySettings
    from rnas.nas.evaluators.evaluator import Evaluation
    from rnas.nas.ledger import Ledger, Record


def study(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Of a study; without it and --run they are listed.")
    ] = None,
    list_them: Annotated[bool, typer.Option("--list", help="List the studies.")] = False,
    data: Annotated[str | None, typer.Option(help="Images to train on [default: digits].")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder that holds the images' files.")] = None,
    recipe: Annotated[
        str | None, typer.Option(help="Training recipe, or a YAML file of one [default: the paper's; short on digits].")
    ] = None,
    eps: Annotated[str | None, typer.Option(help="Radius of the attack, such as 8/255 [default: the data's].")] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Of each training [default: the recipe's].")] = None,
    images: Annotated[int | None, typer.Option(min=1, help="Train on only N images [default: all].")] = None,
    seeds: Annotated[int | None, typer.Option(min=1, help="Trainings of each cell; more may be added later.")] = None,
    capacity: Annotated[
        str | None, typer.Option(help="small, or paper: its own depths and widths [default: small on digits].")
    ] = None,
    base_channels: Annotated[
        str | None, typer.Option(help="Channels of the stages at widening 1 [default: 16,32,64; 4,8,16 for small].")
    ] = None,
    cells: Annotated[
        int | None, typer.Option(min=8, help="At most so many cells of a large grid, a stratified random subset.")
    ] = None,
    run: Annotated[
        Path | None, typer.Option(help="Directory of the study; one that is there goes on [default: runs/NAME-DATA-N].")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=0, help="Trainings at once; 0 trains in this process.")] = None,
    dry_run: Annotated[bool, typer.Option(help="Show the design and what it would take; train nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Repeat a study of a paper, and say whether its results support what the paper observed.

    Each network of its design is trained with several seeds. Stopped, it goes on with the same --run; with more --seeds
    it is extended. Results stand in study.json there, and in study.html.

    Examples:

      rnas study --list

      rnas study block-topology

      rnas study depth-grid --data cifar10 --data-dir data --epochs 15 --cells 60 --dry-run

      rnas study --run runs/block-topology-digits-1 --seeds 6
    """
    from rnas.experiments.replications import run as running
    from rnas.experiments.replications.directory import StudyDirectory
    from rnas.experiments.replications.settings import settle
    from rnas.experiments.training.settle import recipe_content

    choices = {
        "data": data,
        "data_dir": data_dir,
        "recipe": None if recipe is None else recipe_content(recipe),
        "eps": eps,
        "epochs": epochs,
        "images": images,
        "capacity": capacity,
        "base_channels": None if base_channels is None else _channels(base_channels),
        "cells": cells,
    }
    if run is not None and name is None:
        given = [f"--{key.replace('_', '-')}" for key, value in choices.items() if value is not None]
        if given:
            raise InputError(f"a study keeps its settings for life: leave {', '.join(given)} out, or name a new study")
        if not StudyDirectory.is_at(run):
            raise InputError(f"{run} is no study to go on with; name one to begin: rnas study NAME --run {run}")
        _follow(
            run, as_json, lambda listener: running.resume_study(run, seeds=seeds, workers=workers, listener=listener)
        )
        return
    if name is None or list_them:
        _list(as_json)
        return
    settings = settle(name, choices | {"seeds": seeds})
    if dry_run:
        _show_design(settings, workers, as_json)
        return
    directory = running.prepare(settings, run)
    _follow(directory.path, as_json, lambda listener: running.go(directory, workers, listener))


def _channels(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise InputError(f"--base-channels {text!r}: write three whole numbers, such as 4,8,16") from None


def _follow(path: Path, as_json: bool, go: Any) -> None:
    """Run a study and print what came of it."""
    from rnas.cli.counted_lines import CountedLines
    from rnas.cli.study_table import print_study
    from rnas.experiments.replications.directory import StudyDirectory

    console = stderr()

    def listener(ledger: "Ledger", _slots: int, label: str) -> "Listener":
        return CountedLines(console, ledger, _found, f"{label}: " if label else "")

    with interruptible(console, StudyDirectory.resumed_by, path):
        content = go(listener).result
    if as_json:
        print_json(content)
    else:
        print_study(stdout(), content)
        stdout().print(f"Report: {StudyDirectory(path).report}", highlight=False, markup=False, soft_wrap=True)


def _found(record: "Record", evaluation: "Evaluation") -> str:
    return f"{record.metrics['final_robust_accuracy']:.1%} robust, {evaluation.seconds:.1f} s"


def _list(as_json: bool) -> None:
    from rnas.experiments.replications.registered import studies

    if as_json:
        print_json(
            {
                study.name: {"paper": study.paper, "section": study.section, "observation": study.observation}
                for study in studies()
            }
        )
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("study", no_wrap=True)
    table.add_column("what the paper observed")
    for study in studies():
        table.add_row(study.name, f"{study.observation} ({study.paper.partition(':')[0]}; {study.section})")
    stdout().print(table)


def _show_design(settings: "StudySettings", workers: int | None, as_json: bool) -> None:
    from rnas.cli.study_table import design_content, print_design

    content = design_content(settings, workers)
    if as_json:
        print_json(content)
    else:
        print_design(stdout(), content)
