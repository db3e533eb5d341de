"""Show a replication on the terminal: its progress, its design before, its verdict after."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table
from rich.text import Text

from rnas.cli.console import print_json, say, stdout
from rnas.cli.views.words import EvaluationWords
from rnas.experiments.replications.result import ReplicationResult
from rnas.experiments.replications.run import OBJECTIVE, ReplicationRun
from rnas.report import replication_text


class ProgressWords(EvaluationWords):
    """Word the trainings of a replication."""

    def found(self, record: Any) -> str:
        """Return robust accuracy and seconds of a training."""
        return f"{record.metrics[OBJECTIVE.metric]:.1%} robust, {record.evaluation.seconds:.1f} s"


def show(experiment: ReplicationRun, result: ReplicationResult, as_json: bool) -> None:
    """Print the verdict on the paper's observation."""
    if as_json:
        print_json(result.to_dict())
        return
    print_replication(result.content)
    say(stdout(), f"Report: {experiment.report_file}")


def print_replication(replication: Mapping[str, Any]) -> None:
    """Claims, verdict, and what a reader must know."""
    say(stdout(), f"{replication['title']} ({replication['paper'].partition(':')[0]}; {replication['section']})")
    say(stdout(), replication["observation"])
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
    stdout().print(table)
    say(stdout(), replication_text.verdict_sentence(replication))
    say(stdout(), f"{replication_text.setting_sentence(replication)}.")
    for note in replication_text.notes(replication):
        say(stdout(), note)


def print_design(experiment: ReplicationRun) -> None:
    """Print what a replication tests."""
    replication = experiment.settings.definition
    say(stdout(), f"{replication.title} ({replication.paper.partition(':')[0]}; {replication.section})")
    say(stdout(), replication.observation)
    for number, claim in enumerate(replication.claims(experiment.cells), 1):
        say(stdout(), f"{number}. {claim.statement}")
