"""Running a comparison: every network with every seed, on a ledger, so that what is done is never done again."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import parent_process
from pathlib import Path
from typing import Any

from rnas.architecture import Architecture
from rnas.comparison.directory import ComparisonDirectory, is_comparison
from rnas.comparison.result import result
from rnas.comparison.settings import ComparisonSettings, settle
from rnas.comparison.tables import render as render_table
from rnas.comparison.training import METRIC, ComparedTraining
from rnas.directories import next_free
from rnas.errors import InputError
from rnas.evaluation.evaluator import Context, Estimate, Task
from rnas.execution.threads import one_thread
from rnas.files import write_text
from rnas.ledger import Ledger, Record
from rnas.local_executor import local_executor, slots
from rnas.optimization.campaign import evaluate_all
from rnas.optimization.listener import Listener, Silent
from rnas.optimization.objective import Objective
from rnas.optimization.problem import problem_of
from rnas.report.comparison import render
from rnas.studies.space import DesignSpace
from rnas.training_run.setup import Setup

OBJECTIVE = Objective(metric=METRIC, direction="maximize")

_NAME = "comparison"

ListenerFactory = Callable[[Ledger, int], Listener]
"""Made from the ledger and the number of slots."""


@dataclass(frozen=True)
class Comparison:
    """A comparison that has ended.

    Attributes:
        directory: where it is kept.
        settings: all that decides it.
        result: tables, tests and failures, as comparison.json holds them.
    """

    directory: ComparisonDirectory
    settings: ComparisonSettings
    result: Mapping[str, Any]


def compare(
    networks: Sequence[str] = (),
    *,
    flops: int | str,
    recipe: Any = "sat",
    seeds: int = 3,
    run: Path | str | None = None,
    workers: int | None = None,
    listener: ListenerFactory = lambda ledger, slots: Silent(),
    **given: Any,
) -> Comparison:
    """Bring networks to the same FLOPs, train each with several seeds by one recipe, attack all, test differences.

    Args:
        networks: names of the zoo, ``RUN:KEY`` and its like, JSON files; none is the default roster.
        flops: of each, such as ``"5G"`` or ``5e9``, for one image of the data.
        recipe: name, or ``{name: NAME, ...}`` with some fields set otherwise.
        seeds: trainings of each, at least two.
        run: directory; None makes ``runs/compare-<data>-<n>``.
        workers: trainings at once, each in a process of its own; 0 trains in this process; None is one a core or GPU.
        listener: makes what is told of progress.
        **given: see :func:`rnas.comparison.settings.settle`.

    Raises:
        InputError: a setting is wrong, data are missing, or the directory exists.
    """
    budget = int(flops) if isinstance(flops, float) else flops
    settings = settle(networks, flops=budget, seeds=seeds, recipe=recipe, **given)
    return go(prepare(settings, None if run is None else Path(run)), workers, listener)


def resume_comparison(
    path: Path | str,
    *,
    seeds: int | None = None,
    workers: int | None = None,
    listener: ListenerFactory = lambda ledger, slots: Silent(),
) -> Comparison:
    """Go on with a comparison that was stopped, or train its networks with further seeds.

    Args:
        path: the comparison's directory.
        seeds: in all; None keeps the comparison's own. The larger is kept in the directory.
        workers: see :func:`compare`.
        listener: see :func:`compare`.

    Raises:
        InputError: this is no comparison, it is in use, or it would have fewer seeds than before.
        LedgerError: its ledger is damaged.
    """
    directory = ComparisonDirectory(Path(path))
    settings = directory.read_settings()
    if seeds is not None and seeds < settings.seeds:
        raise InputError(f"{path} is a comparison of {settings.seeds} seeds; it cannot have {seeds}")
    if seeds is not None and seeds > settings.seeds:
        directory.keep(settings.model_copy(update={"seeds": seeds}))
    return go(directory, workers, listener)


def prepare(settings: ComparisonSettings, run: Path | None) -> ComparisonDirectory:
    """Make the directory of a new comparison; nothing is trained yet.

    Raises:
        InputError: the directory exists already, or a network cannot be trained by these settings.
    """
    if parent_process() is not None:
        raise InputError('a script that compares needs its call under if __name__ == "__main__":')
    path = run or next_free(f"compare-{settings.training.data}")
    if is_comparison(path):
        raise InputError(f"{path} is a comparison already; go on with: rnas compare --run {path}")
    if path.exists():
        raise InputError(f"{path} exists already: choose another --run")
    ComparedTraining(settings)
    for one in settings.networks:
        Setup.of(settings.training.training_of(one.name, one.architecture, 0, "cpu"))
    return ComparisonDirectory.create(path, settings)


def go(directory: ComparisonDirectory, workers: int | None, listener: ListenerFactory) -> Comparison:
    """Train what is missing, and write result, report and tables."""
    settings = directory.read_settings()
    evaluator = ComparedTraining(settings)
    problem = problem_of(_space(settings, evaluator), evaluator, (OBJECTIVE,))
    tasks = _tasks(settings, evaluator)
    with directory.writing() as storage:
        ledger = Ledger(storage, problem.objectives, _NAME, settings.fingerprint)
        with local_executor(evaluator, workers, directory.trainings) as executor:
            records = evaluate_all(tasks, problem, ledger, executor, listener(ledger, executor.slots))
        count = len(settings.networks)
        by_network: list[tuple[Record, ...]] = [records[row::count] for row in range(count)]
        content = result(settings, by_network)
        write_text(directory.result, json.dumps(content, indent=2, allow_nan=False) + "\n")
        write_text(directory.report, render(content))
        for form, path in directory.tables.items():
            write_text(path, render_table(content, form))
    return Comparison(directory, settings, content)


def estimates(settings: ComparisonSettings, workers: int | None) -> tuple[list[Estimate], int]:
    """What one training of each network takes here, measured in seconds; and how many trainings run at once.

    Raises:
        InputError: a network cannot be trained here.
    """
    evaluator, places = ComparedTraining(settings), slots(workers)
    tasks = _tasks(settings, evaluator)[: len(settings.networks)]
    with one_thread(places[0]):
        return [evaluator.estimate(task, Context(places[0])) for task in tasks], len(places)


def _tasks(settings: ComparisonSettings, evaluator: ComparedTraining) -> list[Task]:
    """Seed after seed, so that a comparison that is stopped has whole replications."""
    networks: list[Architecture] = [one.network for one in settings.networks]
    return [Task(network, seed, evaluator.rungs[0].fidelity) for seed in range(settings.seeds) for network in networks]


def _space(settings: ComparisonSettings, evaluator: ComparedTraining) -> DesignSpace:
    shape, classes = evaluator.image_format(settings)
    return DesignSpace([one.network for one in settings.networks], shape, classes)
