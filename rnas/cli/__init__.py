"""The command line: progress on stderr, results on stdout; exit 0 done, 1 failed, 2 bad input, 130 interrupted."""

import sys

import typer

from rnas.cli import info, report, search
from rnas.errors import InputError, LedgerError

app = typer.Typer(
    name="rnas",
    help="Robust neural architecture search: networks that stay accurate under adversarial attack.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("search")(search.search)
app.command("resume")(search.resume)
app.command("report")(report.report)
app.command("spaces")(info.spaces)
app.command("recipes")(info.recipes)
app.command("presets")(info.presets)
app.command("doctor")(info.doctor)


def main() -> None:
    """Run a command; a fault that the user can mend is one line."""
    try:
        app()
    except (InputError, LedgerError) as error:
        print(f"rnas: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(2 if isinstance(error, InputError) else 1)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
