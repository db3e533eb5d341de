"""``rnas replicate``: replicate a paper's experiment, and judge its claims."""

from pathlib import Path
from typing import Annotated

import typer

from rnas.cli.console import AsJson, print_json, print_rows, stdout
from rnas.errors import InputError


def replicate(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="A replication; without it they are listed.")
    ] = None,
    list_them: Annotated[bool, typer.Option("--list", help="List the replications.")] = False,
    data: Annotated[str, typer.Option(help="Images to train on.")] = "digits",
    data_dir: Annotated[Path | None, typer.Option(help="Folder that holds the images' files.")] = None,
    recipe: Annotated[
        str | None, typer.Option(help="Training recipe, or a YAML file of one [default: the paper's; short on digits].")
    ] = None,
    eps: Annotated[str | None, typer.Option(help="Radius of the attack, such as 8/255 [default: the data's].")] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Epochs of each training [default: the recipe's].")] = None,
    images: Annotated[int | None, typer.Option(min=1, help="Train on only N images [default: all].")] = None,
    seeds: Annotated[int | None, typer.Option(min=1, help="Trainings of each cell; more may be added later.")] = None,
    capacity: Annotated[
        str | None, typer.Option(help="small, or paper: its own depths and widths [default: small on digits].")
    ] = None,
    base_channels: Annotated[
        str | None, typer.Option(help="Channels of the stages at widening 1 [default: 16,32,64; 4,8,16 for small].")
    ] = None,
    cells: Annotated[
        int | None, typer.Option(min=8, help="Train at most N cells of a large grid, a stratified random subset.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A new directory [default: runs/NAME-DATA-N].")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=0, help="Trainings at once; 0 trains in this process.")] = None,
    dry_run: Annotated[bool, typer.Option(help="Show the design and what it would take; train nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Repeat a replication of a paper, and say whether the results support what the paper observed.

    Each network of the design is trained with several seeds. Stopped, it is resumed by rnas resume DIR, and extended
    with --seeds there. The directory holds result.json and report.html.

    Examples:

      rnas replicate --list

      rnas replicate block-topology

      rnas replicate depth-grid --data cifar10 --data-dir data --epochs 15 --cells 60 --dry-run

      rnas resume runs/block-topology-digits-1 --seeds 6
    """
    if name is None or list_them:
        _list(as_json)
        return

    from rnas.cli.cost_estimate import print_cost_estimate
    from rnas.cli.progress import run_shown
    from rnas.experiments.replications.run import ReplicationRun
    from rnas.experiments.replications.settings import resolve_settings
    from rnas.experiments.training._resolve import recipe_content
    from rnas.report._terminal import print_blocks
    from rnas.report.replication import design

    settings = resolve_settings(
        name,
        data=data,
        data_dir=data_dir,
        recipe=None if recipe is None else recipe_content(recipe),
        eps=eps,
        epochs=epochs,
        images=images,
        seeds=seeds,
        capacity=capacity,
        base_channels=None if base_channels is None else _channels(base_channels),
        cells=cells,
    )
    if dry_run:
        experiment = ReplicationRun(output or Path(), settings)
        if not as_json:
            print_blocks(stdout(), design(settings.definition, experiment.cells))
        print_cost_estimate(experiment.estimate(workers), as_json)
        return
    run_shown(ReplicationRun.create(settings, output), as_json, workers)


def _channels(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise InputError(f"--base-channels {text!r}: write three whole numbers, such as 4,8,16") from None


def _list(as_json: bool) -> None:
    from rnas.experiments.replications.design import replications

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
    rows = ((one.name, f"{one.observation} ({one.paper.partition(':')[0]}; {one.section})") for one in replications())
    print_rows(("replication", "what the paper observed"), rows)
