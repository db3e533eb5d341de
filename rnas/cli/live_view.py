"""The live view of a search."""

import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self

import numpy as np
from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from rnas.nas.config import Setup
from rnas.nas.ledger import Ledger, Record
from rnas.nas.loop import spent
from rnas.nas.quality import Quality
from rnas.nas.run import Run
from rnas.utils.quantities import counted, format_size

_BANDS = 3
_LINES_BETWEEN_BANDS = 10
_COSTS = ("flops", "params", "macs")


class LiveView:
    """A listener that shows how far a search is and what it has found.

    On a terminal a panel that stays in place, elsewhere one line an evaluation.

    Args:
        console: where to write, usually stderr.
        setup: of the run.
        ledger: of the run.
        slots: evaluations at once.
    """

    def __init__(self, console: Console, setup: Setup, ledger: Ledger, slots: int) -> None:
        self._console = console
        self._setup = setup
        self._ledger = ledger
        self._slots = slots
        self._shares: Mapping[int, float] = {}
        self._rungs = setup.evaluator.rungs
        evaluated = [record for record in ledger.records if record.evaluation is not None]
        self._evaluations = len(evaluated)
        # In evaluations at the highest rung, as the budget is.
        self._earlier = spent(evaluated, self._rungs)
        self._done = self._earlier
        self._found: list[str] = []
        self._batch: int | None = None
        self._started = time.monotonic()
        # What is finished is counted; the bar itself moves by shares of evaluations that run, too.
        columns = (TextColumn("{task.description}"), BarColumn(40), TextColumn("{task.fields[count]}"))
        self._bar = Progress(*columns, TextColumn("{task.fields[left]}"))
        self._bar_task = self._bar.add_task("evaluations", total=setup.config.budget, count="", left="")
        self._show(self._done)
        self._live = Live(console=console, refresh_per_second=4, transient=True)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    @property
    def finished(self) -> int:
        """How many evaluations have ended, those of earlier times included."""
        return self._evaluations

    def proposed(self, record: Record) -> None:
        """Where no bar moves, and evaluations take time, a line for each batch."""
        new = record.batch != self._batch
        self._batch = record.batch
        if new and not self._console.is_terminal and not self._setup.evaluator.instant:
            line = f"batch {record.batch + 1} is proposed from {counted(record.made_from, 'result')}"
            self._console.print(line, highlight=False, soft_wrap=True)

    def running(self, shares: Mapping[int, float]) -> None:
        """Move the bar by the shares of evaluations that run."""
        self._shares = shares
        if self._console.is_terminal:
            self._refresh()

    def recorded(self, record: Record) -> None:
        """Write a line for the evaluation, and bring the panel up to date."""
        self._evaluations += 1
        self._done += spent([record], self._rungs)
        self._found = self._findings()
        self._shares = {number: share for number, share in self._shares.items() if number != record.number}
        self._console.print(self._line(record), highlight=False, soft_wrap=True)
        if self._console.is_terminal:
            self._refresh()

    def _refresh(self) -> None:
        records = self._ledger.records
        done = self._done + sum(share * spent([records[n]], self._rungs) for n, share in self._shares.items())
        self._show(done)
        self._live.update(Group(self._bar, *(Text(line) for line in self._found)))

    def _show(self, done: float) -> None:
        """Bring the bar up to date: ``done`` counts what runs by its share."""
        self._bar.update(self._bar_task, completed=done, count=self._count().strip(), left=self._time_left(done))

    def _line(self, record: Record) -> str:
        count = self._count()
        if len(self._rungs) > 1:
            count += f"  rung {len(self._rungs) - record.rungs_above}"
        evaluation = record.evaluation
        if evaluation is None or not record.complete:
            reason = evaluation.reason if evaluation else ""
            return f"{count}  {record.key}  {record.status}: {reason}"
        objectives = "  ".join(_shown(o.metric, record.metrics[o.metric]) for o in self._setup.problem.objectives)
        text = f"{count}  {record.key}  {objectives}  {evaluation.seconds:.1f} s"
        if self._console.is_terminal:
            return text
        bands = [f"\n    {line}" for line in self._found[1:]] if self._evaluations % _LINES_BETWEEN_BANDS == 0 else []
        return f"{text}  |  {self._found[0]}{self._left()}{''.join(bands)}"

    def _count(self) -> str:
        """How much of the budget is spent on evaluations that have ended."""
        budget = str(self._setup.config.budget)
        if len(self._rungs) == 1:
            return f"{self._evaluations:>{len(budget)}}/{budget}"
        return f"{self._done:>{len(budget) + 2}.1f}/{budget}"

    def _left(self) -> str:
        left = self._time_left(self._done)
        return f"  {left}" if left else ""

    def _time_left(self, done: float) -> str:
        # The share done of a first evaluation says too little of how long all take.
        if self._done <= self._earlier:
            return ""
        fresh = done - self._earlier
        seconds = (time.monotonic() - self._started) / fresh * (self._setup.config.budget - done)
        return f"{max(seconds, 0):.0f} s left" if seconds < 100 else f"{seconds / 60:.0f} min left"

    def _findings(self) -> list[str]:
        run = Run(self._setup, self._ledger.records)
        front = run.front()
        volumes = run.hypervolume()
        first = f"front {len(front)}  hypervolume {_volume_share(run, volumes[-1] if volumes else 0.0)}"
        for quality in run.latest_quality()[:1]:
            first += f"  {_foretold(quality)}"
        return [first, *_bands(run, front)]


def _foretold(quality: Quality) -> str:
    """How far predictions are to be trusted, in a phrase."""
    top = "" if quality.tau_top_fifth is None else f", top fifth {_short(quality.tau_top_fifth)}"
    last = f"tau {_short(quality.tau)} (last {quality.evaluations})"
    return f"{last}{top}, 90 % intervals hold {100 * quality.coverage_90:.0f} %"


def _short(tau: float) -> str:
    """Two decimals without the zero before the point."""
    return f"{tau:.2f}".replace("0.", ".", 1)


def _volume_share(run: Run, volume: float) -> str:
    """Hypervolume as a share of the box between reference and ideal point, where that is known."""
    sides = run.reference_point() - run.setup.problem.ideal
    if np.isnan(sides).any() or (sides <= 0).any():
        return f"{volume:.4g}"
    return f"{volume / float(np.prod(sides)):.1%}"


def _bands(run: Run, front: tuple[Record, ...]) -> list[str]:
    """The best value of the first objective in each third of the front's range of log cost."""
    objectives = run.setup.problem.objectives
    costs = [o.metric for o in objectives if o.metric.startswith(_COSTS)]
    gains = [o.metric for o in objectives if o.direction == "maximize"]
    if not costs or not gains or len(front) < _BANDS:
        return []
    ordered = sorted(front, key=lambda record: record.metrics[costs[0]])
    low, high = ordered[0].metrics[costs[0]], ordered[-1].metrics[costs[0]]
    edges = np.geomspace(max(low, 1e-9), max(high, 1e-9), _BANDS + 1)[1:]
    lines = []
    for edge in edges:
        within = [record for record in ordered if record.metrics[costs[0]] <= edge * (1 + 1e-9)]
        if within:
            best = max(within, key=lambda record: record.metrics[gains[0]])
            lines.append(f"best up to {format_size(edge)} {costs[0]}: {_shown(gains[0], best.metrics[gains[0]])}")
    return lines


def _shown(metric: str, value: float) -> str:
    if metric.startswith(_COSTS):
        return f"{metric} {format_size(value)}"
    return f"{metric} {value:.4f}"
