"""The live view of an evaluation."""

import time
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from rnas.cli.views.bar import BarView
from rnas.evaluation._attack_run import Progress
from rnas.experiment import Listener
from rnas.utils.quantities import pluralize

_SECONDS_BETWEEN_LINES = 30.0


class EvaluationView(BarView, Listener):
    """Shows which attack runs, how many images it has left and how many it has broken.

    On a terminal a bar that stays in place; elsewhere a line when an attack ends, and of a long one now and then.

    Args:
        console: where to write, usually stderr.
    """

    def __init__(self, console: Console) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(30),
            MofNCompleteColumn(),
            TextColumn("{task.fields[found]}"),
            TimeElapsedColumn(),
        )
        super().__init__(console, Bar(*columns, console=console, transient=True))
        self._written = time.monotonic()
        self._task = self._bar.add_task("", total=None, found="")

    def message(self, text: str) -> None:
        """Say what begins."""
        self._bar.update(self._task, description=text, total=None, completed=0, found="")
        self.say(text)

    def recorded(self, record: Any) -> None:
        """Move the bar, or write a line where an attack ends or has run for long."""
        progress: Progress = record
        ended = progress.done == progress.images
        found = f"{progress.images - progress.done} left, {progress.broken} broken, {progress.right} right"
        label = f"{progress.attack} ({progress.number} of {progress.attacks})"
        self._bar.update(self._task, description=label, total=progress.images, completed=progress.done, found=found)
        if ended or time.monotonic() - self._written > _SECONDS_BETWEEN_LINES:
            attacked = f"{progress.done:,} of {pluralize(progress.images, 'image')} attacked"
            kept = f" ({progress.kept:,} of them kept from before)" if progress.kept else ""
            self.say(f"{label}: {attacked}{kept}, {found}")

    def say(self, line: str) -> None:
        """Write a line, and remember when."""
        self._written = time.monotonic()
        super().say(line)
