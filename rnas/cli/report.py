"""``rnas report``."""

from pathlib import Path
from typing import Annotated

import typer

from rnas.cli.console import AsJson, print_json


def report(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Directory of an experiment, finished or not.")],
    as_json: AsJson = False,
) -> None:
    """Write the report of an experiment from what it has done so far, and print its result.

    With --json the result is printed as JSON instead, and no file is written.
    """
    from rnas.cli.progress import show
    from rnas.experiment import open_experiment

    experiment = open_experiment(directory)
    if as_json:
        print_json(experiment.result().to_dict())
        return
    result, unwritten = experiment.result(), None
    try:
        experiment.write_report(result)
    except OSError as error:
        # The result is shown all the same, as that of a run on storage that is only to be read.
        unwritten = error
    show(experiment, result, as_json)
    if unwritten is not None:
        raise unwritten
