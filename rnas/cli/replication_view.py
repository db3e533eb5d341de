"""Show a replication on the terminal: its progress, its design before, its verdict after."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rnas.cli.output import print_json, stdout
from rnas.cli.words import TrainingWords
from rnas.experiments.replications.result import ReplicationResult
from rnas.experiments.replications.run import OBJECTIVE, ReplicationRun
from rnas.report import replication_text


class ProgressWords(TrainingWords):
    """Word the trainings of a replication."""

    metric = OBJECTIVE.metric


def show(experiment: ReplicationRun, result: ReplicationResult, as_json: bool) -> None:
    """Print the verdict on the paper's observation."""
    if as_json:
        print_json(result.to_dict())
        return
    print_replication(stdout(), result.content)
    _line(stdout(), f"Report: {experiment.report_file}")


def print_replication(console: Console, replication: Mapping[str, Any]) -> None:
    """Claims, verdict, and what a reader must know."""
    _line(console, f"{replication['title']} ({replication['paper'].partition(':')[0]}; {replication['section']})")
    _line(console, replication["observation"])
    table = Table(box=None, pad_edge=False)
    for heading in ("claim", "expected", "found [interval]", "p (Holm)", "verdict"):
        table.add_column(Text(heading))
    for claim in replication["claims"]:
        table.add_row(
            Text(claim["statement"]),
            replication_text.expected_text(claim),
            Text(replication_text.estimate_text(claim)),
            replication_text.p_text(claim),
            claim["verdict"],
        )
    console.print(table)
    _line(console, replication_text.verdict_sentence(replication))
    _line(console, f"{replication_text.setting_sentence(replication)}.")
    for note in replication_text.notes(replication):
        _line(console, note)


def print_design(experiment: ReplicationRun) -> None:
    """Print what a replication tests."""
    console, replication = stdout(), experiment.settings.definition
    _line(console, f"{replication.title} ({replication.paper.partition(':')[0]}; {replication.section})")
    _line(console, replication.observation)
    for number, claim in enumerate(replication.claims(experiment.cells), 1):
        _line(console, f"{number}. {claim.statement}")


def _line(console: Console, text: str) -> None:
    console.print(text, highlight=False, markup=False, soft_wrap=True)
