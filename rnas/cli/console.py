"""What every command writes with."""

import json
import os
import sys
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

_WIDTH = 140

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON, for machines.")]
Device = Annotated[str, typer.Option(metavar="auto|cpu|cuda", help="Device that computes.")]
DryRun = Annotated[bool, typer.Option(help="Measure some of the work here, print the cost estimate, start nothing.")]
Network = Annotated[
    str,
    typer.Argument(metavar="ARCH", help="Name of a published network, an architecture's JSON, RUN:KEY, or checkpoint."),
]
Workers = Annotated[
    int | None,
    typer.Option(min=0, help="Trainings at once, each in a process of its own; 0 trains one by one in this process."),
]


def output_option(default: str) -> Any:
    """Return the option of the directory of an experiment; without it the directory is named by default."""
    return typer.Option("--output", "-o", help=f"Directory to make [default: {default}].")


def stdout() -> Console:
    """Results go here; where no terminal sets a width, wide enough for whole tables."""
    return Console(width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else _WIDTH)


def stderr() -> Console:
    """Progress and messages go here."""
    return Console(stderr=True)


def say(console: Console, line: str) -> None:
    """Print a line as it is, however long."""
    console.print(line, highlight=False, markup=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """One JSON document on stdout."""
    print(json.dumps(value, indent=2, allow_nan=False))


def print_pairs(first: str, second: str, rows: dict[str, str]) -> None:
    """Print a table of two columns with these headings."""
    table = Table(first, second, box=None, pad_edge=False)
    for name, text in rows.items():
        table.add_row(name, text)
    stdout().print(table, highlight=False, markup=False)
