"""``rnas report``."""

from pathlib import Path
from typing import Annotated

import typer

from rnas.cli.console import AsJson, print_json, stdout


def report(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Directory of a run, finished or not.")],
    as_json: AsJson = False,
) -> None:
    """Write a run's report.html and pareto.csv, and print its front.

    With --json the whole run is printed instead, and no file is written.
    """
    from rnas.nas.run import Run
    from rnas.report.table import front_table

    run = Run.load(directory)
    content = run.to_dict()
    if as_json:
        print_json(content)
        return
    run.write()
    stdout().print(front_table(content))
    stdout().print(f"Report: {directory / 'report.html'}", highlight=False, soft_wrap=True)
