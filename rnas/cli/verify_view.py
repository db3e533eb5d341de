"""The live view of a verification."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn


class VerificationView:
    """Says what begins and what has ended; on a terminal a bar below shows how much of it is done.

    Args:
        console: where to write, usually stderr.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(40),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._task = self._bar.add_task("verifying", total=1)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._bar.stop()

    def say(self, line: str) -> None:
        """Write a line."""
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)

    def done(self, share: float) -> None:
        """Move the bar."""
        self._bar.update(self._task, completed=share)
