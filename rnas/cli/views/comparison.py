"""Show a comparison on the terminal: its progress, its networks before, its table after."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table
from rich.text import Text

from rnas.cli.console import print_json, say, stdout
from rnas.cli.views.words import EvaluationWords
from rnas.experiments.comparison._training import METRIC
from rnas.experiments.comparison.result import ComparisonResult
from rnas.experiments.comparison.run import Comparison
from rnas.report import _comparison_tables as tables
from rnas.report import _comparison_text as words


class ProgressWords(EvaluationWords):
    """Word the trainings of a comparison."""

    def found(self, record: Any) -> str:
        """Return robust accuracy and seconds of a training."""
        return f"{record.metrics[METRIC]:.1%} robust, {record.evaluation.seconds:.1f} s"


def show(experiment: Comparison, result: ComparisonResult, as_json: bool) -> None:
    """Print the table and what the tests say."""
    if as_json:
        print_json(result.to_dict())
        return
    print_comparison(result.content)
    say(stdout(), f"Report: {experiment.report_file}, and the table as .md, .tex and .csv")


def print_comparison(content: Mapping[str, Any]) -> None:
    """The table, what the tests say, and what a reader must know."""
    table = Table(box=None, pad_edge=False)
    for number, heading in enumerate(tables.headings(content)):
        table.add_column(Text(heading), justify="left" if number in (0, 5) else "right")
    for line in tables.lines(content):
        first = line.checkpoint == "best"
        own = [line.network["name"], *line.facts] if first else [""] * 5
        table.add_row(*map(Text, [*own, line.checkpoint, *map(tables.score_text, line.scores)]))
    for checkpoint in ("best", "last"):
        label = "smallest gap" if checkpoint == "best" else ""
        table.add_row(Text(label), "", "", "", "", checkpoint, *map(Text, tables.gaps(content, checkpoint)))
    stdout().print(table)
    say(stdout(), words.verdict_sentence(content))
    say(stdout(), words.setting_sentence(content))
    tested = f"Tukey's test of all pairs, {100 * content['look_level']:.3g} %"
    say(stdout(), f"Letters: networks that share one are indistinguishable at 95 % ({tested}).")
    for note in words.notes(content):
        say(stdout(), note)
    for failure in content["failures"]:
        say(stdout(), f"{failure['network']}, seed {failure['seed']}: {failure['status']}: {failure['reason']}")


def print_networks(experiment: Comparison) -> None:
    """Print how each network comes to its FLOPs."""
    for one in experiment.settings.networks:
        say(stdout(), ": ".join(part for part in (one.name, one.setting, one.scaling) if part))
