"""One line for each evaluation of a known number."""

from collections.abc import Callable

from rich.console import Console

from rnas.experiment import Listener
from rnas.nas.evaluators.evaluator import Evaluation
from rnas.nas.ledger import Ledger, Record


class CountedLines(Listener):
    """A listener that writes one line when an evaluation ends: how many have, which it is, and what was found.

    Args:
        console: where to write, usually stderr.
        ledger: of the evaluations, all of which are proposed at once.
        found: what to say of one that is complete.
        label: begins each line.
        opening: is written before the first new evaluation.
    """

    def __init__(
        self,
        console: Console,
        ledger: Ledger,
        found: Callable[[Record, Evaluation], str],
        label: str = "",
        opening: str = "",
    ) -> None:
        self._console = console
        self._ledger = ledger
        self._found = found
        self._label = label
        self._opening = opening

    def proposed(self, record: Record) -> None:
        """Once, say what begins."""
        if self._opening:
            self._print(self._opening)
            self._opening = ""

    def recorded(self, record: Record) -> None:
        """Write a line for the evaluation."""
        records, evaluation = self._ledger.records, record.evaluation
        assert evaluation is not None
        done = sum(other.evaluation is not None for other in records)
        count = f"{done:>{len(str(len(records)))}}/{len(records)}"
        found = self._found(record, evaluation) if record.complete else f"{record.status}: {evaluation.reason}"
        self._print(f"{self._label}{count}  {record.key}  seed {record.seed}  {found}")

    def _print(self, line: str) -> None:
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)
