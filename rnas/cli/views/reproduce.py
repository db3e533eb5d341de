"""The live view of a reproduction."""

from collections.abc import Mapping
from statistics import fmean
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from rnas.cli.views.bar import BarView
from rnas.experiment import Listener
from rnas.nas.ledger import Record


class ReproductionView(BarView, Listener):
    """Says what begins and what has ended; on a terminal a bar below shows how much of it is done.

    Args:
        console: where to write, usually stderr.
    """

    def __init__(self, console: Console) -> None:
        columns = TextColumn("{task.description}"), BarColumn(40), TaskProgressColumn(), TimeElapsedColumn()
        super().__init__(console, Progress(*columns, console=console, transient=True))
        self._task = self._bar.add_task("reproducing", total=1)

    def message(self, text: str) -> None:
        """Say what begins."""
        self.say(text)

    def progress(self, shares: Mapping[str, float]) -> None:
        """Move the bar to the mean of what is under way."""
        self._bar.update(self._task, completed=fmean(shares.values()) if shares else 0)

    def recorded(self, record: Any) -> None:
        """Say how an evaluation from scratch ended."""
        if isinstance(record, Record) and record.evaluation is not None:
            found = f"{record.evaluation.seconds:.1f} s" if record.complete else record.evaluation.reason
            self.say(f"seed {record.seed}: {record.status}, {found}")
