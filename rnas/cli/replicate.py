"""``rnas replicate``: replicate a paper's experiment, and judge its claims."""

from pathlib import Path
from typing import Annotated, Any

import typer

from rnas.cli.console import AsJson, DryRun, Track, Workers, output_option, print_json, print_rows, stdout
from rnas.cli.executors import Address, Executor, executing
from rnas.cli.options import Setting, with_settings
from rnas.experiments.replications.settings import ReplicationSettings


@with_settings(
    ReplicationSettings,
    Setting("training.data", default="digits"),
    "training.data_dir",
    Setting("training.recipe", default="the paper's; a short one on digits"),
    Setting("training.eps", default="the data's"),
    Setting("training.fidelity.epochs", default="the recipe's; 4 on digits"),
    "training.fidelity.images",
    Setting("seeds", default="as many as the replication says"),
    Setting("capacity", default="small on digits, else paper"),
    "base_channels",
    "networks",
    "cells",
)
def replicate(
    *,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="A replication; without it they are listed.")
    ] = None,
    list_them: Annotated[bool, typer.Option("--list", help="List the replications.")] = False,
    settings: dict[str, Any],
    output: Annotated[Path | None, output_option("runs/NAME-DATA-N")] = None,
    workers: Workers = None,
    executor: Executor = None,
    address: Address = None,
    dry_run: DryRun = False,
    track: Track = None,
    as_json: AsJson = False,
) -> None:
    """Repeat a replication of a paper, and say whether the results support what the paper observed.

    Each network of the design is trained with several seeds. Stopped, it is resumed by rnas resume DIR, and extended
    with --seeds there. The directory holds result.json and report.html.

    Examples:

      rnas replicate --list

      rnas replicate block-topology

      rnas replicate depth-grid --data cifar10 --data-dir data --epochs 15 --cells 60 --dry-run

      rnas replicate robust-generalisation --networks vit,pvtv2,wrn-28-10

      rnas resume runs/block-topology-digits-1 --seeds 6
    """
    if name is None or list_them:
        _list(as_json)
        return

    from rnas.cli.cost_estimate import print_cost_estimate
    from rnas.cli.progress import run_shown
    from rnas.experiments.replications._resolve import resolve_settings
    from rnas.experiments.replications.run import ReplicationRun
    from rnas.report._terminal import print_blocks
    from rnas.report.replication import design

    resolved = resolve_settings(name, **settings)
    if dry_run:
        experiment = ReplicationRun(output or Path(), resolved)
        if not as_json:
            print_blocks(stdout(), design(resolved.definition, experiment.cells))
        with executing(executor, address):
            print_cost_estimate(experiment.estimate(workers), as_json)
        return
    with executing(executor, address):
        run_shown(ReplicationRun.create(resolved, output), as_json, workers, track)


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
