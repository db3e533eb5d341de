"""The command line: progress on stderr, results on stdout; exit 0 done, 1 failed, 2 bad input, 130 interrupted."""

import sys

import typer

from rnas.cli.info import doctor, presets, recipes, spaces
from rnas.cli.report import report
from rnas.cli.scale import scale
from rnas.cli.search import resume, search
from rnas.cli.zoo import zoo
from rnas.errors import InputError, LedgerError

app = typer.Typer(
    name="rnas",
    help="Robust neural architecture search: networks that stay accurate under adversarial attack.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("search")(search)
app.command("resume")(resume)
app.command("report")(report)
app.command("zoo")(zoo)
app.command("scale")(scale)
app.command("spaces")(spaces)
app.command("recipes")(recipes)
app.command("presets")(presets)
app.command("doctor")(doctor)


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
