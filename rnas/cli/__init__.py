"""The command line: progress on stderr, results on stdout; exit 0 done, 1 failed, 2 bad input, 130 interrupted."""

import sys
from typing import NoReturn

import typer

from rnas.cli.compare import compare
from rnas.cli.evaluate import evaluate
from rnas.cli.export import export
from rnas.cli.fidelity import fidelity
from rnas.cli.info import doctor, presets, spaces
from rnas.cli.leaderboard import leaderboard
from rnas.cli.plugins import plugins
from rnas.cli.power import power
from rnas.cli.recipes import recipes
from rnas.cli.replicate import replicate
from rnas.cli.report import report
from rnas.cli.reproduce import reproduce
from rnas.cli.resume import resume
from rnas.cli.rules import rules
from rnas.cli.scale import scale
from rnas.cli.search import search
from rnas.cli.test_rule import test_rule
from rnas.cli.train import train
from rnas.cli.tune import tune
from rnas.cli.zoo import zoo
from rnas.errors import InputError, LedgerError

app = typer.Typer(
    name="rnas",
    help="Robust neural architecture search: networks that stay accurate under adversarial attack.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("search")(search)
app.command("resume")(resume)
app.command("report")(report)
app.command("fidelity")(fidelity)
app.command("replicate")(replicate)
app.command("rules")(rules)
app.command("power")(power)
app.command("test-rule")(test_rule)
app.command("compare")(compare)
app.command("train")(train)
app.command("tune")(tune)
app.command("evaluate")(evaluate)
app.command("leaderboard")(leaderboard)
app.command("export")(export)
app.command("reproduce")(reproduce)
app.command("zoo")(zoo)
app.command("scale")(scale)
app.command("spaces")(spaces)
app.command("recipes")(recipes)
app.command("presets")(presets)
app.command("plugins")(plugins)
app.command("doctor")(doctor)


def main() -> None:
    """Run a command; a fault is one line."""
    try:
        # Typer's own way of showing a wrong option takes several lines.
        code = app(args=sys.argv[1:] or ["--help"], standalone_mode=False)
    except (InputError, LedgerError) as error:
        _leave(str(error), 2 if isinstance(error, InputError) else 1)
    except typer.Abort:
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except (MemoryError, OSError) as error:
        _leave(str(error) or "out of memory", 1)
    except Exception as error:
        if hasattr(error, "format_message"):
            context = getattr(error, "ctx", None)
            command = f"rnas {context.info_name}" if context is not None and context.parent is not None else "rnas"
            _leave(f"{error.format_message().rstrip('.')}; see {command} --help", 2)
        if type(error).__module__.partition(".")[0] in ("sqlalchemy", "optuna"):
            _leave(f"the ledger cannot be read or written: {str(error).splitlines()[0]}", 1)
        raise
    sys.exit(code or 0)


def _leave(message: str, code: int) -> NoReturn:
    print(f"rnas: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(code)
