"""Show a search: the words of its progress, and its front at the end."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from rnas.cli.views.words import Words
from rnas.experiment import Work
from rnas.nas._dispatch import numbered
from rnas.nas._loop import spent
from rnas.nas.evaluators.evaluator import FINAL_ACCURACY, NamesStages, NotesSpeed, Task
from rnas.nas.execution.ray_settings import cluster
from rnas.nas.ledger import Record
from rnas.nas.quality import Quality
from rnas.nas.result import SearchResult
from rnas.nas.search import Search
from rnas.utils._devices import torch_device
from rnas.utils._metric import value_text
from rnas.utils.quantities import pluralize

_BANDS = 3
_FEW = 4
_COSTS = ("flops", "params", "macs")
_ROUNDING = 1e-9
_EXPLAINED = (
    "hypervolume: what the front dominates, as a share of all that is possible; tau: how well predictions order the "
    "results, 1 is perfectly, 0 not at all; top fifth: tau among the best fifth"
)


class SearchWords(Words):
    """Word the evaluations of a search, and its final evaluations.

    Args:
        experiment: the search.
        work: the search, or the final evaluation of its front.
    """

    def __init__(self, experiment: Search, work: Work) -> None:
        super().__init__(experiment, work)
        self._search = experiment
        self._setup = experiment.setup
        self._rungs = experiment.setup.evaluator.rungs
        self._final = bool(work.phase)
        self._batch: int | None = None
        if not self._final and len(self._rungs) > 1:
            self.digits = 1

    def opening(self) -> list[str]:
        """Return what is searched and how, or what is evaluated finally."""
        if self._final:
            more = self.work.done < self.work.total
            return ["the front is trained again with other seeds, and attacked"] if more else []
        config = self._setup.config
        lines = [
            f"{self._search.path}: {config.strategy['name']} over {self._setup.space.name}, "
            f"{pluralize(config.budget, 'evaluation')}{self._before()}, {self.work.slots} at once"
        ]
        evaluator = self._setup.evaluator
        if isinstance(evaluator, NotesSpeed) and cluster(config.ray) is None:
            lines += filter(None, [evaluator.speed_note(torch_device(config.device))])
        if len(self._rungs) > 1:
            lines.append("rung 0 is the shortest training; the best networks of a rung are trained longer at the next")
        return [*lines, _EXPLAINED]

    def proposed(self, record: Record) -> str:
        """Return a line for each batch, where evaluations take time."""
        new = record.batch != self._batch
        self._batch = record.batch
        if self._final or not new or self._setup.evaluator.instant or self._setup.config.asynchronous:
            return ""
        return f"batch {record.batch + 1} is proposed from {pluralize(record.num_observed, 'result')}"

    def recorded(self, record: Record) -> str:
        """Return key, objectives and seconds of an evaluation, or why it has none."""
        evaluation = record.evaluation
        assert evaluation is not None
        if self._final:
            found = _final_words(record) if record.complete else f"{record.status}: {evaluation.reason}"
            return f"{record.key}  seed {record.seed}  {found}"
        rung = f"rung {record.rung}  " if len(self._rungs) > 1 else ""
        if not record.complete:
            return f"{rung}{record.key}  {record.status}: {evaluation.reason}"
        metrics = [objective.metric for objective in self._setup.problem.objectives]
        objectives = "  ".join(f"{name} {value_text(name, record.metrics[name])}" for name in metrics)
        return f"{rung}{record.key}  {objectives}  {evaluation.seconds:.1f} s"

    def findings(self) -> Sequence[str]:
        """Return the front in a phrase, and its best by bands of cost."""
        if self._final or not self._search.records:
            return ()
        result = SearchResult(self._setup, self._search.records)
        front = result.front()
        volumes = result.hypervolume()
        first = f"|  front {len(front)}  hypervolume {_volume_share(result, volumes[-1] if volumes else 0.0)}"
        for quality in result.latest_quality()[:1]:
            first += f"  {_prediction_quality(quality)}"
        return [first, *_bands(result, front)]

    def cost(self, record: Record) -> float:
        """Return what an evaluation takes of the budget: its rung's share."""
        return 1 if self._final else spent([record], self._rungs)

    def running(self, shares: Mapping[str, float]) -> str:
        """Return what each evaluation under way does, such as ``epoch 3 of 6``."""
        if len(shares) > _FEW:
            return ""
        return ", ".join(f"{label.partition(' ')[2]} {self._stage(label, share)}" for label, share in shares.items())

    def _stage(self, label: str, share: float) -> str:
        if share <= 0:
            return "starts"
        evaluator = self._setup.evaluator
        if self._final or not isinstance(evaluator, NamesStages):
            return f"{share:.0%}"
        record = self._search.records[numbered(label)]
        return evaluator.stage(Task(record.architecture, record.seed, record.fidelity), share)

    def running_cost(self, label: str) -> float:
        """Return the same of one that runs."""
        return 1 if self._final else self.cost(self._search.records[numbered(label)])

    @staticmethod
    def closing(experiment: Search, result: SearchResult) -> list[str]:
        """Return why a search ended early."""
        short = shortfall(result, experiment.path, experiment.out_of_time)
        return [] if short is None else [short]

    @staticmethod
    def failed(result: SearchResult) -> bool:
        """Return whether evaluations were begun and none was completed."""
        return bool(result.records) and not result.complete

    def _before(self) -> str:
        """Return what was done at earlier times."""
        records = self._search.records
        finished = sum(record.evaluation is not None for record in records)
        begun = len(records) - finished
        words = f", {finished} of them finished before" if records else ""
        return f"{words}, {begun} interrupted before and run again" if begun else words


def shortfall(result: SearchResult, path: Path, out_of_time: bool) -> str | None:
    """Return why a search ended before its budget was spent, in a line with what to do; None where it was spent.

    Args:
        result: of the search, which was not interrupted.
        path: its directory.
        out_of_time: whether it ended because its hours were over.
    """
    config = result.setup.config
    waiting = any(record.evaluation is None for record in result.records)
    # Any further evaluation costs at most 1 of the budget.
    if not waiting and config.budget - result.spent < 1 - _ROUNDING:
        return None
    ended = f"ended with {len(result.complete)} of {pluralize(config.budget, 'evaluation')}: "
    if waiting or out_of_time:
        return f"{ended}the time was up; resume it with: rnas resume {shlex.quote(str(path))}"
    remedy = result.setup.space.remedy
    inside = " inside its bands" if "widen" in remedy else ""
    number = len({record.key for record in result.records})
    fix = f": {remedy}, in a new search" if remedy else ""
    return f"{ended}the space holds no more than these {number}{inside}{fix}"


def _prediction_quality(quality: Quality) -> str:
    """Return how far predictions are to be trusted, in a phrase."""
    top = "" if quality.tau_top_fifth is None else f", top fifth {_short(quality.tau_top_fifth)}"
    last = f"tau {_short(quality.tau)} (last {quality.evaluations})"
    return f"{last}{top}, 90 % intervals hold {100 * quality.coverage_90:.0f} %"


def _short(tau: float) -> str:
    """Return a number with two decimals, without the zero before the point."""
    return f"{tau:.2f}".replace("0.", ".", 1)


def _volume_share(run: SearchResult, volume: float) -> str:
    """Hypervolume as a share of the box between reference and ideal point, where that is known."""
    sides = run.reference_point() - run.setup.problem.ideal
    if np.isnan(sides).any() or (sides <= 0).any():
        return f"{volume:.4g}"
    return f"{volume / float(np.prod(sides)):.1%}"


def _bands(run: SearchResult, front: tuple[Record, ...]) -> list[str]:
    """Return the best value of the first objective in each third of the front's range of log cost."""
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
            reached = f"{gains[0]} {value_text(gains[0], best.metrics[gains[0]])}"
            lines.append(f"best up to {value_text(costs[0], edge)} {costs[0]}: {reached}")
    return lines


def _final_words(record: Record) -> str:
    """Return what a final evaluation found."""
    evaluation = record.evaluation
    assert evaluation is not None
    flags = [flag["name"] for flag in evaluation.provenance["final_evaluation"]["flags"]]
    flagged = f"  flagged: {', '.join(flags)}" if flags else ""
    return f"worst case {record.metrics[FINAL_ACCURACY]:.4f}  {evaluation.seconds:.1f} s{flagged}"
