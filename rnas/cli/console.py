"""What every command writes with."""

import json
import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from rnas import registry
from rnas.report._blocks import Table, columns
from rnas.report._terminal import print_blocks
from rnas.utils._text import visible

_WIDTH = 140

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON, for machines.")]
Device = Annotated[str, typer.Option(metavar="auto|cpu|cuda", help="Device that computes.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Measure some of the work here, print the cost estimate, start nothing.")
]
Network = Annotated[
    str,
    typer.Argument(metavar="ARCH", help="Name of a published network, an architecture's JSON, RUN:KEY, or checkpoint."),
]
Run = Annotated[Path, typer.Argument(metavar="RUN", help="Directory of a run, finished or not.")]
Score = Annotated[str | None, typer.Option(help="The score [default: the first objective maximised].")]
Workers = Annotated[
    int | None,
    typer.Option(min=0, help="Trainings at once, each in a process of its own; 0 trains one by one in this process."),
]


def _listener(name: str) -> Any:
    """Make a registered listener before anything is started; InputError if what it needs is not installed."""
    return registry.load(registry.LISTENERS, name)()


Track = Annotated[
    list[Any] | None,
    typer.Option(
        parser=_listener,
        metavar="NAME",
        help="Write results there as well: tensorboard, mlflow, wandb, or a listener of yours. May be repeated.",
    ),
]


def output_option(default: str) -> Any:
    """Return the option of the directory of an experiment; without it the directory is named by default."""
    return typer.Option("--output", "-o", help=f"Directory to make [default: {default}].")


class PlainConsole(Console):
    """Print text as text: brackets are no markup, and a character that could steer the terminal is shown as its escape.

    Paths, messages and names come from files and other people's code, so that no place that prints may trust them.
    """

    def __init__(self, **given: Any) -> None:
        super().__init__(**{"markup": False, "highlight": False, "emoji": False, **given})

    def render_str(self, text: str, **given: Any) -> Text:
        """Make a text of visible characters only."""
        return super().render_str(visible(text), **given)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render as the base class does, texts with visible characters only."""
        if isinstance(renderable, Text) and (plain := visible(renderable.plain)) != renderable.plain:
            given = {name: getattr(renderable, name) for name in ("style", "justify", "overflow", "no_wrap", "end")}
            renderable = Text(plain, **given)
        return super().render(renderable, options)


def stdout() -> PlainConsole:
    """Return the console for results; if no terminal sets its width, it is wide enough for whole tables."""
    return PlainConsole(width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else _WIDTH)


def stderr() -> PlainConsole:
    """Return the console for progress and messages."""
    return PlainConsole(stderr=True)


def loading() -> AbstractContextManager[Any]:
    """Show on a terminal, within a block, that the program is alive although nothing has begun."""
    console = stderr()
    return console.status("loading PyTorch, settings and data") if console.is_terminal else nullcontext()


def say(console: Console, line: str) -> None:
    """Print a line as it is, however long."""
    console.print(Text(line), soft_wrap=True)


def print_json(value: Any) -> None:
    """Print one JSON document on stdout."""
    print(json.dumps(value, indent=2, allow_nan=False))


def print_rows(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table of words with these headings."""
    print_blocks(stdout(), [Table(columns(*headings, words=len(headings)), tuple(map(tuple, rows)))])
