"""``rnas fidelity``: whether short trainings rank networks as long ones do."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from rnas.cli.console import AsJson, print_json, stderr, stdout
from rnas.cli.interruption import interruptible

if TYPE_CHECKING:
    from rnas.nas.evaluators.evaluator import Evaluation
    from rnas.nas.ledger import Record


def fidelity(
    source: Annotated[Path, typer.Argument(metavar="RUN|CONFIG", help="A run's directory, or a YAML config.")],
    architectures: Annotated[int, typer.Option(min=10, help="Networks to train at every rung.")] = 120,
    bands: Annotated[int, typer.Option(min=1, help="Bands of FLOPs to judge within.")] = 2,
    seeds: Annotated[int, typer.Option(min=1, help="Trainings of each at each rung; two show the noise.")] = 2,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Directory to make for a config [default: runs/SPACE-N].")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure how well short trainings rank networks, compared with the limit that noise sets.

    Networks drawn from the space are trained at every rung with several seeds. A measurement that was stopped is
    resumed by the same command on the run's directory. The figures are written to its fidelity.json and report.

    Examples:

      rnas fidelity runs/robust-resnet-1

      rnas fidelity my.yaml --architectures 60 --output runs/fidelity
    """
    from rnas import api
    from rnas.cli.counted_lines import CountedLines
    from rnas.report.fidelity import shift_sentences

    console = stderr()
    directory = api.fidelity_directory(source, output)
    with interruptible(console, "fidelity", directory.path):
        study = api.measure_fidelity(
            directory, architectures, bands, seeds, lambda setup, ledger, slots: CountedLines(console, ledger, _seconds)
        )
    content = study.to_dict()
    if as_json:
        print_json(content)
        return
    stdout().print(quality_table(content))
    for line in shift_sentences(content):
        stdout().print(line, highlight=False, soft_wrap=True)


def _seconds(_record: "Record", evaluation: "Evaluation") -> str:
    return f"{evaluation.seconds:.1f} s"


def quality_table(study: dict[str, Any]) -> Table:
    """Figures of each lower rung in each band, from a study's JSON."""
    from rnas.report.fidelity import caption, rows

    table = Table(caption=Text(caption(study)), box=None, pad_edge=False, caption_justify="left")
    headings, lines = rows(study)
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="left" if number < 2 else "right")
    for cells in lines:
        table.add_row(*cells)
    return table
