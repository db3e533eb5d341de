"""Show a test of a rule: the words of its progress, and the predictions with the measurements."""

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rnas.cli.console import print_json, stdout
from rnas.cli.views.words import EvaluationWords
from rnas.experiment import Work
from rnas.report.rule_test import blocks
from rnas.scaling_rules.out_of_sample import RuleTestResult
from rnas.scaling_rules.rule_test import RuleTest


class ProgressWords(EvaluationWords):
    """Name the prediction before anything is evaluated, and each network by what chose it."""

    def __init__(self, experiment: RuleTest, work: Work) -> None:
        super().__init__(experiment, work)
        self._prediction = experiment.prediction
        budgets = self._prediction.budgets
        self._names = {c.key: c.name for budget in budgets for c in reversed(budget.candidates)}

    def opening(self) -> list[str]:
        """Return the prediction's hash and file, and what is evaluated."""
        path = self.experiment.path / self._prediction.file_name
        return [f"prediction {self._prediction.hash}", f"in {path}", *super().opening()]

    def found(self, record: Any) -> str:
        """Return the network's name and the seconds."""
        return f"{self._names[record.key]}  {super().found(record)}"


def show(test: RuleTest, result: RuleTestResult, as_json: bool) -> None:
    """Print what was predicted and what was measured, or all of it for machines."""
    if as_json:
        print_json(result.to_dict())
        return
    print_rule_test(stdout(), result)
    stdout().print(f"Report: {test.report_file}", soft_wrap=True)


def print_rule_test(console: Console, result: RuleTestResult) -> None:
    """Print what was predicted and what was measured, budget by budget."""
    for block in blocks(result):
        if isinstance(block, str):
            console.print(Text(block), soft_wrap=True)
            continue
        table = Table(box=None, pad_edge=False)
        for heading in block.headings:
            table.add_column(heading, justify="right" if heading == "FLOPs" else "left")
        for cells in block.rows:
            table.add_row(*map(Text, cells))
        console.print(table)
        console.print()
