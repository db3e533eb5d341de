"""``rnas replicate``: the papers' replications, repeated and judged."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from rnas.cli.interruption import interruptible
from rnas.cli.output import AsJson, print_json, stderr, stdout
from rnas.errors import InputError

if TYPE_CHECKING:
    from rnas.experiments.replications.settings import ReplicationSettings
    from rnas.nas.evaluators.evaluator import Evaluation
    from rnas.nas.ledger import Ledger, Record
    from rnas.nas.listener import Listener


def replicate(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Of a replication; without it and --run they are listed.")
    ] = None,
    list_them: Annotated[bool, typer.Option("--list", help="List the replications.")] = False,
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
        Path | None,
        typer.Option(help="Directory of the replication; one that is there goes on [default: runs/NAME-DATA-N]."),
    ] = None,
    workers: Annotated[int | None, typer.Option(min=0, help="Trainings at once; 0 trains in this process.")] = None,
    dry_run: Annotated[bool, typer.Option(help="Show the design and what it would take; train nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Repeat a replication of a paper, and say whether its results support what the paper observed.

    Each network of its design is trained with several seeds. Stopped, it goes on with the same --run; with more --seeds
    it is extended. Results stand in replication.json there, and in replication.html.

    Examples:

      rnas replicate --list

      rnas replicate block-topology

      rnas replicate depth-grid --data cifar10 --data-dir data --epochs 15 --cells 60 --dry-run

      rnas replicate --run runs/block-topology-digits-1 --seeds 6
    """
    from rnas.experiments.replications import run as running
    from rnas.experiments.replications.directory import ReplicationDirectory
    from rnas.experiments.replications.settings import resolve_settings
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
            raise InputError(
                f"a replication keeps its settings for life: leave {', '.join(given)} out, or name a new replication"
            )
        if not ReplicationDirectory.is_at(run):
            raise InputError(
                f"{run} is no replication to go on with; name one to begin: rnas replicate NAME --run {run}"
            )
        _follow(
            run,
            as_json,
            lambda listener: running.resume_replication(run, seeds=seeds, workers=workers, listener=listener),
        )
        return
    if name is None or list_them:
        _list(as_json)
        return
    settings = resolve_settings(name, choices | {"seeds": seeds})
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
    """Run a replication and print what came of it."""
    from rnas.cli.counted_lines import CountedLines
    from rnas.cli.replicate_table import print_replication
    from rnas.experiments.replications.directory import ReplicationDirectory

    console = stderr()

    def listener(ledger: "Ledger", _slots: int, label: str) -> "Listener":
        return CountedLines(console, ledger, _found, f"{label}: " if label else "")

    with interruptible(console, ReplicationDirectory.resumed_by, path):
        content = go(listener).result
    if as_json:
        print_json(content)
    else:
        print_replication(stdout(), content)
        stdout().print(f"Report: {ReplicationDirectory(path).report}", highlight=False, markup=False, soft_wrap=True)


def _found(record: "Record", evaluation: "Evaluation") -> str:
    return f"{record.metrics['final_robust_accuracy']:.1%} robust, {evaluation.seconds:.1f} s"


def _list(as_json: bool) -> None:
    from rnas.experiments.replications.registered import replications

    if as_json:
        print_json(
            {
                replication.name: {
                    "paper": replication.paper,
                    "section": replication.section,
                    "observation": replication.observation,
                }
                for replication in replications()
            }
        )
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("replication", no_wrap=True)
    table.add_column("what the paper observed")
    for replication in replications():
        table.add_row(
            replication.name,
            f"{replication.observation} ({replication.paper.partition(':')[0]}; {replication.section})",
        )
    stdout().print(table)


def _show_design(settings: "ReplicationSettings", workers: int | None, as_json: bool) -> None:
    from rnas.cli.replicate_table import design_content, print_design

    content = design_content(settings, workers)
    if as_json:
        print_json(content)
    else:
        print_design(stdout(), content)
