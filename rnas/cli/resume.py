"""``rnas resume``."""

from pathlib import Path
from typing import Annotated

import typer

from rnas.cli import search
from rnas.cli.console import AsJson
from rnas.cli.train import resume_training
from rnas.cli.tune import resume_tuning
from rnas.errors import InputError


def resume(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Directory of a search, a training or a tuning.")],
    budget: Annotated[
        int | None, typer.Option(min=1, help="Evaluations or trials in all; extends a finished one.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=0, help="Evaluations or trials at once, for this time only.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Go on with a search, a training or a tuning that was stopped, or extend a finished search or tuning.

    The result is the one that it would have had without the stop.
    """
    from rnas.experiments.training.directory import is_training
    from rnas.experiments.tuning.directory import TuningDirectory

    if TuningDirectory.is_at(directory):
        resume_tuning(directory, budget, workers, as_json)
        return
    if not is_training(directory):
        search.resume(directory, budget, workers, as_json)
        return
    if budget is not None or workers is not None:
        raise InputError(f"{directory} is a training, of one length for life: --budget and --workers are for searches")
    resume_training(directory, as_json)
