"""Show work that is done in one go, by a bar that moves on a terminal, and by lines elsewhere."""

import time
from collections.abc import Mapping
from statistics import fmean
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)

from rnas.cli.console import say
from rnas.evaluation._attack_run import Progress as AttackProgress
from rnas.experiment import Listener
from rnas.nas.ledger import Record
from rnas.utils.quantities import pluralize

_SECONDS_BETWEEN_LINES = 30.0


class BarView(Listener):
    """Says what begins, and shows a bar while it is entered.

    Args:
        console: where to write, usually stderr.
        columns: of the bar, between its description and the time.
        task: description, total and fields of the bar.
    """

    def __init__(self, console: Console, *columns: ProgressColumn, **task: Any) -> None:
        self._console = console
        description = TextColumn("{task.description}", markup=False)
        self._bar = Progress(description, *columns, TimeElapsedColumn(), console=console, transient=True)
        self._task = self._bar.add_task(**task)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._bar.stop()

    def message(self, text: str) -> None:
        """Say what begins."""
        say(self._console, text)


class EvaluationView(BarView):
    """Shows which attack runs, how many images it has left and how many it has broken.

    On a terminal a bar that stays in place; elsewhere a line when an attack ends, and of a long one now and then.
    """

    def __init__(self, console: Console) -> None:
        columns = (BarColumn(30), MofNCompleteColumn(), TextColumn("{task.fields[found]}", markup=False))
        super().__init__(console, *columns, description="", total=None, found="")
        self._written = time.monotonic()

    def message(self, text: str) -> None:
        """Say what begins, and empty the bar."""
        self._bar.update(self._task, description=text, total=None, completed=0, found="")
        self._say(text)

    def recorded(self, record: Any) -> None:
        """Move the bar, or write a line where an attack ends or has run for long."""
        progress: AttackProgress = record
        ended = progress.done == progress.images
        found = f"{progress.images - progress.done} left, {progress.broken} broken, {progress.right} right"
        label = f"{progress.attack} ({progress.number} of {progress.attacks})"
        self._bar.update(self._task, description=label, total=progress.images, completed=progress.done, found=found)
        if ended or time.monotonic() - self._written > _SECONDS_BETWEEN_LINES:
            attacked = f"{progress.done:,} of {pluralize(progress.images, 'image')} attacked"
            kept = f" ({progress.kept:,} of them from an earlier run)" if progress.kept else ""
            self._say(f"{label}: {attacked}{kept}, {found}")

    def _say(self, line: str) -> None:
        self._written = time.monotonic()
        say(self._console, line)


class ReproductionView(BarView):
    """Says what begins and what has ended; on a terminal a bar below shows how much of it is done."""

    def __init__(self, console: Console) -> None:
        super().__init__(console, BarColumn(40), TaskProgressColumn(), description="reproducing", total=1)

    def progress(self, shares: Mapping[str, float]) -> None:
        """Move the bar to the mean of what is under way."""
        self._bar.update(self._task, completed=fmean(shares.values()) if shares else 0)

    def recorded(self, record: Any) -> None:
        """Say how an evaluation from scratch ended."""
        if isinstance(record, Record) and record.evaluation is not None:
            found = f"{record.evaluation.seconds:.1f} s" if record.complete else record.evaluation.reason
            self.message(f"seed {record.seed}: {record.status}, {found}")
