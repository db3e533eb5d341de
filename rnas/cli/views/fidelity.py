"""Show a study of rungs: the words of its progress, and its figures."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table
from rich.text import Text

from rnas.cli.console import print_json, stdout
from rnas.cli.views.words import EvaluationWords
from rnas.nas.fidelity_study import FidelityResult, FidelityStudy
from rnas.report.fidelity import caption, rows, shift_sentences

ProgressWords = EvaluationWords


def show(study: FidelityStudy, result: FidelityResult, as_json: bool) -> None:
    """Print the figures of each lower rung, or all of them for machines."""
    content = result.to_dict()
    if as_json:
        print_json(content)
        return
    stdout().print(quality_table(content))
    for line in shift_sentences(content):
        stdout().print(line, soft_wrap=True)
    stdout().print(f"Report: {study.report_file}", soft_wrap=True)


def quality_table(study: Mapping[str, Any]) -> Table:
    """Return the figures of each lower rung in each band, from a study's JSON."""
    table = Table(caption=Text(caption(study)), box=None, pad_edge=False, caption_justify="left")
    headings, lines = rows(study)
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="left" if number < 2 else "right")
    for cells in lines:
        table.add_row(*cells)
    return table
