"""Show the progress of an experiment: a line for each result and, on a terminal, a bar below the lines."""

import time
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from types import TracebackType
from typing import Any, Self

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from rnas import registry
from rnas.cli.console import print_json, say, stderr, stdout
from rnas.cli.interruption import interruptible
from rnas.cli.views.words import Words, words_class
from rnas.experiment import Experiment, Listener, Work
from rnas.report._blocks import Block
from rnas.report._terminal import print_blocks
from rnas.utils.quantities import duration, pluralize

_LINES_BETWEEN_FINDINGS = 10
_SECONDS_BETWEEN_LINES = 60.0
"""A sign of life where output is a file, within work that takes long."""

_LONG = 0.05
"""Seconds from which findings are not asked for after every record."""

_LEAST = 0.05
"""Share of a piece of work after which the time of all is estimated from it."""


class ProgressView(Listener):
    """Write what an experiment reports. What a record says is worded by the :class:`Words` of the experiment's kind.

    Args:
        console: where to write, usually stderr.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._words: Words | None = None
        self._work = Work("", 0)
        self._done = 0.0
        self._records = 0
        self._shares: Mapping[str, float] = {}
        self._findings: Sequence[str] = ()
        self._moves = False
        self._began = self._said = self._next_findings = time.monotonic()
        texts = [
            TextColumn(f"{{task.{name}}}", markup=False) for name in ("description", "fields[count]", "fields[left]")
        ]
        moving = SpinnerColumn(), texts[0], BarColumn(40), texts[1], TimeElapsedColumn(), texts[2]
        self._bar = Progress(*moving, console=console)
        self._task = self._bar.add_task("", total=None, count="", left="")
        self._live = Live(console=console, refresh_per_second=4, transient=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def kept(self) -> str:
        """Return how many results an interrupted experiment keeps, such as ``3 evaluations kept``; empty at first."""
        return f"{pluralize(round(self._done), self._work.unit)} kept" if self._words is not None else ""

    def started(self, experiment: Experiment[Any, Any], work: Work) -> None:
        """Say what begins, and show the bar of it."""
        self._words, self._work = words_class(experiment.kind)(experiment, work), work
        self._done, self._records, self._shares = work.done, 0, {}
        self._find(self._words)
        self._began = time.monotonic()
        self._moves = False
        self._bar.update(self._task, description=f"{work.unit}s", total=work.total)
        for line in self._words.opening():
            self.message(line)
        if self._console.is_terminal:
            self._live.start()
        self._refresh()

    def proposed(self, record: Any) -> None:
        """Say what is proposed, where no bar moves."""
        line = self._words.proposed(record) if self._words is not None else ""
        if line and not self._console.is_terminal:
            self.message(line)

    def progress(self, shares: Mapping[str, float]) -> None:
        """Move the bar by the shares of what is under way."""
        if not any(self._shares.values()) and self._records == 0:
            # What a worker needs to start is none of the time that evaluations take.
            self._began = time.monotonic()
        self._shares = shares
        self._refresh()
        if self._words is None or self._console.is_terminal or not shares:
            return
        if not self._moves or time.monotonic() - self._said > _SECONDS_BETWEEN_LINES:
            self._moves = True
            running = self._words.running(shares) or f"{len(shares)} under way"
            self.message("  ".join(part for part in (self._count(), running, self._left(self._now)) if part))

    def recorded(self, record: Any) -> None:
        """Write a line for the record."""
        if self._words is None:
            return
        self._records += 1
        self._done += self._words.cost(record)
        self._shares = {}
        parts = [self._count(), self._words.recorded(record)]
        if time.monotonic() >= self._next_findings:
            self._find(self._words)
        if not self._console.is_terminal:
            parts += [*self._findings[:1], self._left(self._done)]
        self.message("  ".join(part for part in parts if part))
        if not self._console.is_terminal and self._records % _LINES_BETWEEN_FINDINGS == 0:
            for finding in self._findings[1:]:
                self.message(f"    {finding}")
        self._refresh()

    def _find(self, words: Words) -> None:
        """Ask for the findings, which takes the longer the more records there are: at most a tenth of the time."""
        began = time.monotonic()
        self._findings = words.findings()
        took = time.monotonic() - began
        self._next_findings = began + (10 * took if took > _LONG else 0.0)

    def message(self, text: str) -> None:
        """Write a line."""
        self._said = time.monotonic()
        say(self._console, text)

    def _refresh(self) -> None:
        if self._words is None or not self._console.is_terminal:
            return
        # What has ended is counted; the bar itself moves by what runs, too.
        self._bar.update(self._task, completed=self._now, count=self._count().strip(), left=self._left(self._now))
        running = self._words.running(self._shares)
        self._live.update(Group(self._bar, *(Text(line) for line in (running, *self._findings) if line)))

    def _count(self) -> str:
        digits = self._words.digits if self._words is not None else 0
        total = f"{self._work.total:.10g}"
        width = len(total) + (digits and digits + 1)
        return f"{self._done:>{width}.{digits}f}/{total}"

    @property
    def _now(self) -> float:
        """Return what is done with the shares of what runs."""
        if self._words is None:
            return self._done
        return self._done + sum(share * self._words.running_cost(label) for label, share in self._shares.items())

    def _left(self, done: float) -> str:
        left, now = self._work.total - done, done - self._work.done
        if left <= 0 or now < _LEAST:
            return ""
        seconds = (time.monotonic() - self._began) / now * left
        # The first piece of work says little of how long the others take.
        return f"{'' if self._records else 'about '}{duration(seconds)} left"


def run_shown(
    experiment: Experiment[Any, Any],
    as_json: bool,
    workers: int | None = None,
    track: Sequence[Listener] | None = None,
) -> None:
    """Run an experiment with its progress on stderr, and print its result on stdout.

    Args:
        experiment: that was created or opened.
        as_json: print the result for machines.
        workers: how much runs at once, this time only.
        track: further listeners.
    """
    console = stderr()
    with ProgressView(console) as view, interruptible(console, "resume", experiment.path, view.kept):
        result = experiment.run((view, *(track or ())), workers=workers)
    show(experiment, result, as_json)


def show(experiment: Experiment[Any, Any], result: Any, as_json: bool) -> None:
    """Print what came of an experiment on stdout, and how it ended on stderr.

    Raises:
        typer.Exit: the experiment as a whole failed.
    """
    words = words_class(experiment.kind)
    for line in words.closing(experiment, result):
        say(stderr(), line)
    blocks = report_blocks(experiment.kind)
    if as_json:
        print_json(result.to_dict())
    elif blocks is None:
        say(stdout(), f"Result: {experiment.result_file}")
    elif shown := blocks(result):
        print_blocks(stdout(), shown)
        say(stdout(), words.files(experiment))
    if words.failed(result):
        raise typer.Exit(1)


def report_blocks(kind: str) -> Callable[[Any], Sequence[Block]] | None:
    """Return the function ``blocks(result)`` of the module that writes the reports of a kind; None without one."""
    if kind not in registry.names(registry.REPORTS):
        return None
    module = import_module(registry.load(registry.REPORTS, kind).__module__)
    found: Callable[[Any], Sequence[Block]] | None = getattr(module, "blocks", None)
    return found
