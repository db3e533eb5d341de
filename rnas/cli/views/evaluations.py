"""Word the progress of experiments whose evaluations are all known beforehand."""

from typing import Any

from rnas.cli.views.words import Words
from rnas.experiment import Work
from rnas.experiments.comparison._training import METRIC
from rnas.experiments.replications.run import OBJECTIVE
from rnas.scaling_rules.rule_test import RuleTest


class EvaluationWords(Words):
    """Word evaluations by key, seed, and what was found."""

    def recorded(self, record: Any) -> str:
        """Return key, seed and outcome of an evaluation."""
        found = self.found(record) if record.complete else f"{record.status}: {record.evaluation.reason}"
        return f"{record.key}  seed {record.seed}  {found}"

    def found(self, record: Any) -> str:
        """Return what a complete evaluation found: how robust a trained network is, and the seconds."""
        robust = {"comparison": METRIC, "replication": OBJECTIVE.metric}.get(self.experiment.kind)
        seconds = f"{record.evaluation.seconds:.1f} s"
        return seconds if robust is None else f"{record.metrics[robust]:.1%} robust, {seconds}"


class RuleTestWords(EvaluationWords):
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
