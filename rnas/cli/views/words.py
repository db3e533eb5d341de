"""Word the progress of experiments, and find the module that shows a kind."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any

from rnas.experiment import Experiment, Work
from rnas.utils.quantities import pluralize

_MODULES = {
    "search": "rnas.cli.views.search",
    "fidelity": "rnas.cli.views.fidelity",
    "rule-test": "rnas.cli.views.rule_test",
    "training": "rnas.cli.views.training",
    "tuning": "rnas.cli.views.tuning",
    "comparison": "rnas.cli.views.comparison",
    "replication": "rnas.cli.views.replication",
}


class Words:
    """Word what happens in an experiment. A kind that has more to say has a subclass ``ProgressWords``.

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


class EvaluationWords(Words):
    """Word evaluations that are all known beforehand: key, seed, and what was found."""

    def recorded(self, record: Any) -> str:
        """Return key, seed and outcome of an evaluation."""
        found = self.found(record) if record.complete else f"{record.status}: {record.evaluation.reason}"
        return f"{record.key}  seed {record.seed}  {found}"

    def found(self, record: Any) -> str:
        """Return what a complete evaluation found."""
        return f"{record.evaluation.seconds:.1f} s"


def view_module(kind: str) -> ModuleType | None:
    """Return the module that shows a kind of experiment; None for a kind of a plug-in.

    It has a subclass ``ProgressWords`` of :class:`Words`, and a function ``show(experiment, result, as_json)`` that
    prints what came of an experiment and raises ``typer.Exit(1)`` where that is a failure.
    """
    return import_module(_MODULES[kind]) if kind in _MODULES else None


def words_class(kind: str) -> type[Words]:
    """Return what words the progress of a kind."""
    found: type[Words] = getattr(view_module(kind), "ProgressWords", Words)
    return found
