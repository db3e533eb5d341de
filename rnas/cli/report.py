"""``rnas report``."""

from pathlib import Path
from typing import Annotated

import typer

from rnas.cli.console import AsJson, print_json, stdout


def report(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Directory of an experiment, finished or not.")],
    as_json: AsJson = False,
) -> None:
    """Write the report of an experiment from what it has done so far, and print its result.

    With --json the result is printed as JSON instead, and no file is written.
    """
    from rnas.cli.views.words import view_module
    from rnas.experiment import open_experiment

    experiment = open_experiment(directory)
    if as_json:
        print_json(experiment.result().to_dict())
        return
    result = experiment.result()
    experiment.write_report(result)
    module = view_module(experiment.kind)
    if module is not None:
        module.show(experiment, result, as_json)
    else:
        stdout().print(f"Result: {experiment.result_file}", soft_wrap=True)
