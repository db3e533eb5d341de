"""What every command writes with."""

import json
from typing import Annotated, Any

import typer
from rich.console import Console

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON, for machines.")]


def stdout() -> Console:
    """Results go here."""
    return Console()


def stderr() -> Console:
    """Progress and messages go here."""
    return Console(stderr=True)


def print_json(value: Any) -> None:
    """One JSON document on stdout."""
    print(json.dumps(value, indent=2, allow_nan=False))
