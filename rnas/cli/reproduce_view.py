"""The live view of a reproduction."""

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from rnas.cli.bar_view import BarView


class ReproductionView(BarView):
    """Says what begins and what has ended; on a terminal a bar below shows how much of it is done.

    Args:
        console: where to write, usually stderr.
    """

    def __init__(self, console: Console) -> None:
        columns = TextColumn("{task.description}"), BarColumn(40), TaskProgressColumn(), TimeElapsedColumn()
        super().__init__(console, Progress(*columns, console=console, transient=True))
        self._task = self._bar.add_task("verifying", total=1)

    def done(self, share: float) -> None:
        """Move the bar."""
        self._bar.update(self._task, completed=share)
