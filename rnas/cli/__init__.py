"""The command line: progress on stderr, results on stdout; exit 0 done, 1 failed, 2 bad input, 130 interrupted."""

import io
import re
import sys
from pkgutil import resolve_name
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from rnas import __version__
from rnas.errors import DeviceLostError, InputError, LedgerError, error_text
from rnas.utils._text import one_line

COMMANDS = {
    "search": "Search for robust architectures.",
    "search-cells": "Search for cells by gradient.",
    "resume": "Continue an experiment that stopped, or extend it.",
    "report": "Write the report of a search again.",
    "simulate-cluster": "Simulate a search on a large cluster.",
    "dashboard": "Show the ledger of an experiment in a browser.",
    "fidelity": "Measure how well short trainings rank networks.",
    "replicate": "Repeat a paper's experiment.",
    "rules": "Estimate the rule of depth and width from a search.",
    "power": "Simulate what a search can and cannot show of a rule.",
    "test-rule": "Test a rule at FLOPs that it has not seen.",
    "compare": "Compare networks at the same FLOPs.",
    "train": "Train one network.",
    "supernet": "Train weights that the networks of a space share.",
    "tune": "Tune the hyperparameters of a training.",
    "evaluate": "Measure clean and robust accuracy of a network.",
    "transfer": "Show the adversarial images of each network to all others.",
    "leaderboard": "Rank evaluated networks.",
    "export": "Write a network for use elsewhere.",
    "reproduce": "Evaluate a recorded result again.",
    "zoo": "List the published networks.",
    "scale": "Find a network for a budget of FLOPs.",
    "spaces": "List the search spaces, or describe one.",
    "tables": "List the public tables of results that can be searched.",
    "recipes": "List the training recipes, or print one.",
    "config": "List the keys of an experiment's configuration.",
    "presets": "List the presets of a search, or print one.",
    "plugins": "List the registered plug-ins.",
    "doctor": "Show versions, devices and data sets.",
}
"""Each command with its help in one line. Its function has its name and stands in the module of that name.

A module is imported when its command is called, so that help and completion wait for nothing that they do not need.
"""


def _listed() -> None:
    """Stand for a command where commands are only listed."""


class _Commands(TyperGroup):
    """Commands that are imported when they are called."""

    _called: Any = None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, listed, rest = super().resolve_command(ctx, args)
        return name, listed if name is None else self._import(name), rest

    def _import(self, name: str) -> Any:
        function = name.replace("-", "_")
        alone = typer.Typer(rich_markup_mode=None, add_completion=False)
        alone.command(name)(resolve_name(f"rnas.cli.{function}:{function}"))
        self._called = typer.main.get_command(alone)
        return self._called

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except InputError as error:
            if self._called is None:
                raise
            options = {parameter.name: parameter.opts[0] for parameter in self._called.params}
            raise InputError(with_options(str(error), options)) from error


def with_options(message: str, options: dict[str, str]) -> str:
    """Return a message with options in place of the fields that they set.

    A field is recognised where it is assigned, as in ``seeds=3``, and anywhere if its name has an underscore.

    Args:
        message: of an error of the library.
        options: the option of each field, such as ``--data-dir`` of ``data_dir``.
    """

    def option(match: re.Match[str]) -> str:
        field, assigned = match["field"], match["assigned"] is not None
        found = options.get(field, "")
        if not found.startswith("--") or not (assigned or "_" in field):
            return match[0]
        return f"{found} " if assigned else found

    return re.sub(r"(?<![\w.'/-])(?P<field>[a-z][a-z0-9_]*)\b(?![.'(])(?P<assigned>=(?=\S))?", option, message)


app = typer.Typer(
    name="rnas",
    help="Robust neural architecture search: networks that stay accurate under adversarial attack.",
    cls=_Commands,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for _name, _help in COMMANDS.items():
    app.command(_name, help=_help)(_listed)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"rnas {__version__}")
        raise typer.Exit


@app.callback()
def _rnas(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Robust neural architecture search: networks that stay accurate under adversarial attack."""


def main() -> None:
    """Run a command; a fault is one line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A character that the encoding lacks is shown as its escape.
            stream.reconfigure(errors="backslashreplace")
    try:
        # Typer's own way of showing a wrong option takes several lines.
        code = app(args=sys.argv[1:] or ["--help"], prog_name="rnas", standalone_mode=False)
        sys.stdout.flush()
    except (InputError, LedgerError, DeviceLostError) as error:
        _leave(error_text(error), 2 if isinstance(error, InputError) else 1)
    except typer.Abort:
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except MemoryError as error:
        _leave(error_text(error) or "out of memory", 1)
    except OSError as error:
        place = "" if error.filename is None else f"{error.filename}: "
        _leave(f"{place}{error.strerror or error_text(error)}", 1)
    except Exception as error:
        if hasattr(error, "format_message"):
            context = getattr(error, "ctx", None)
            command = f"rnas {context.info_name}" if context is not None and context.parent is not None else "rnas"
            _leave(f"{error.format_message().rstrip('.')}; see {command} --help", 2)
        if type(error).__module__.partition(".")[0] in ("sqlalchemy", "optuna", "sqlite3"):
            _leave(f"the ledger cannot be read or written: {str(error).splitlines()[0]}", 1)
        raise
    sys.exit(code or 0)


def _leave(message: str, code: int) -> NoReturn:
    print(f"rnas: {one_line(message)}", file=sys.stderr)
    sys.exit(code)
