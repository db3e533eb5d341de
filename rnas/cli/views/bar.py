"""A view whose bar moves on a terminal, and is nowhere else."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import Progress


class BarView:
    """Shows a bar while it is entered.

    Args:
        console: where to write, usually stderr.
        bar: with its tasks.
    """

    def __init__(self, console: Console, bar: Progress) -> None:
        self._console = console
        self._bar = bar

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
        self._console.print(line, soft_wrap=True)
