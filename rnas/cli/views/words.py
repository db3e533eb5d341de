"""Word the progress of an experiment and its end."""

from collections.abc import Mapping, Sequence
from pkgutil import resolve_name
from typing import Any

from rnas.experiment import Experiment, Work
from rnas.utils.quantities import pluralize

_CLASSES = {
    "search": "search:SearchWords",
    "fidelity": "evaluations:EvaluationWords",
    "rule-test": "evaluations:RuleTestWords",
    "supernet": "training:SupernetWords",
    "training": "training:TrainingWords",
    "tuning": "tuning:TuningWords",
    "comparison": "evaluations:EvaluationWords",
    "replication": "evaluations:EvaluationWords",
    "cell-search": "cell_search:CellSearchWords",
}
"""What words each kind, which is imported when it is needed."""


class Words:
    """Word what happens in an experiment. A kind that has more to say has a subclass.

    Args:
        experiment: which one.
        work: the part of it that begins.

    Attributes:
        digits: decimals of what is done, where records do not count as one each.
    """

    digits: int = 0

    def __init__(self, experiment: Experiment[Any, Any], work: Work) -> None:
        self.experiment = experiment
        self.work = work

    def opening(self) -> list[str]:
        """Return lines that say what begins."""
        work = self.work
        before = f", {work.done:g} of them done before" if work.done else ""
        phase = work.phase or self.experiment.kind
        return [
            f"{self.experiment.path}: {phase}, {pluralize(round(work.total), work.unit)}{before}, {work.slots} at once"
        ]

    def proposed(self, record: Any) -> str:
        """Return a line about a proposal, or nothing."""
        return ""

    def recorded(self, record: Any) -> str:
        """Return what a record found, without a line break."""
        return str(record)

    def findings(self) -> Sequence[str]:
        """Return what has been found so far: the first is shown after each record, the others from time to time."""
        return ()

    def cost(self, record: Any) -> float:
        """Return how much of the work a record is."""
        return 1

    def running(self, shares: Mapping[str, float]) -> str:
        """Return a line about what is under way."""
        return ", ".join(f"{label}: {share:.0%}" for label, share in shares.items()) if len(shares) < 5 else ""

    def running_cost(self, label: str) -> float:
        """Return how much of the work something under way is."""
        return 1

    @staticmethod
    def closing(experiment: Any, result: Any) -> list[str]:
        """Return lines on how an experiment ended that are no results."""
        return []

    @staticmethod
    def failed(result: Any) -> bool:
        """Return whether a result is a failure of the whole experiment."""
        return False

    @staticmethod
    def files(experiment: Any) -> str:
        """Return the line that says where more can be found."""
        return f"Report: {experiment.report_file}"


def words_class(kind: str) -> type[Words]:
    """Return what words a kind of experiment; :class:`Words` itself for a kind of a plug-in."""
    found: type[Words] = resolve_name(f"rnas.cli.views.{_CLASSES[kind]}") if kind in _CLASSES else Words
    return found
