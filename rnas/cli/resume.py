"""``rnas resume``: every kind of experiment."""

from pathlib import Path
from typing import Annotated

import typer

from rnas.cli.console import AsJson, Track, loading
from rnas.cli.executors import Address, Executor, executing
from rnas.errors import InputError


def resume(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Directory of an experiment of any kind.")],
    budget: Annotated[int | None, typer.Option(min=1, help="Evaluations of a search in all.")] = None,
    trials: Annotated[int | None, typer.Option(min=1, help="Trials of a tuning in all.")] = None,
    seeds: Annotated[int | None, typer.Option(min=1, help="Seeds of a comparison or a replication in all.")] = None,
    workers: Annotated[int | None, typer.Option(min=0, help="How much runs at once, this time only.")] = None,
    executor: Executor = None,
    address: Address = None,
    track: Track = None,
    as_json: AsJson = False,
) -> None:
    """Resume an experiment that was stopped, or extend one that has ended.

    The result is the one that it would have had without the stop.

    Examples:

      rnas resume runs/digits-1

      rnas resume runs/digits-1 --budget 80
    """
    with loading():
        from rnas.cli.progress import run_shown
        from rnas.experiment import open_experiment

        experiment = open_experiment(directory)
        if (executor, address) != (None, None) and not experiment.starts_processes:
            raise InputError(f"executor: {directory} is a {experiment.kind}, which runs on this host; leave it out")
        experiment.extend(budget=budget, trials=trials, seeds=seeds)
    with executing(executor, address):
        run_shown(experiment, as_json, workers, track)
