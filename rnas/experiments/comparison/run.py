"""Running a comparison: every network with every seed, on a ledger, so that what is done is never done again."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optuna.storages import BaseStorage

from rnas.errors import InputError, LedgerError
from rnas.experiment import CostEstimate, Listener
from rnas.experiments.comparison.directory import ComparisonDirectory
from rnas.experiments.comparison.networks import Entrant
from rnas.experiments.comparison.result import next_round, result
from rnas.experiments.comparison.settings import ComparisonSettings, settle
from rnas.experiments.comparison.training import METRIC, ComparedTraining
from rnas.experiments.comparison.tuning import ListenerFactory as TuningListenerFactory
from rnas.experiments.comparison.tuning import chosen, tuned, tuning_settings
from rnas.experiments.training.setup import Setup
from rnas.nas.campaign import evaluate_all
from rnas.nas.evaluators.evaluator import Context, Task
from rnas.nas.execution.local import local_executor, slots
from rnas.nas.ledger import Ledger, Record
from rnas.nas.listed_space import DesignSpace
from rnas.nas.objective import Objective
from rnas.nas.problem import problem_of
from rnas.networks import architecture as arch
from rnas.report.comparison import render
from rnas.report.comparison_tables import render as render_table
from rnas.utils.directories import next_free
from rnas.utils.files import write_text
from rnas.utils.threads import one_thread

OBJECTIVE = Objective(metric=METRIC, direction="maximize")

_NAME = "comparison"

ListenerFactory = Callable[[Ledger, int], Listener]
"""Made from the ledger and the number of slots."""

Records = list[tuple[Record, ...]]


def _silent_tuning(path: Path) -> AbstractContextManager[Listener]:
    return nullcontext(Listener())


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
    listener: ListenerFactory = lambda ledger, slots: Listener(),
    tuning_listener: TuningListenerFactory = _silent_tuning,
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
        tuning_listener: makes what is told of a network's tuning.
        **given: see :func:`rnas.experiments.comparison.settings.settle`, such as ``tune=8`` or ``until_decided=10``.

    Raises:
        InputError: a setting is wrong, data are missing, or the directory exists.
    """
    budget = int(flops) if isinstance(flops, float) else flops
    settings = settle(networks, flops=budget, seeds=seeds, recipe=recipe, **given)
    return go(prepare(settings, None if run is None else Path(run)), workers, listener, tuning_listener)


def resume_comparison(
    path: Path | str,
    *,
    seeds: int | None = None,
    workers: int | None = None,
    listener: ListenerFactory = lambda ledger, slots: Listener(),
    tuning_listener: TuningListenerFactory = _silent_tuning,
) -> Comparison:
    """Go on with a comparison that was stopped, or train its networks with further seeds.

    Args:
        path: the comparison's directory.
        seeds: in all; None keeps the comparison's own. The larger is kept in the directory.
        workers: see :func:`compare`.
        listener: see :func:`compare`.
        tuning_listener: see :func:`compare`.

    Raises:
        InputError: this is no comparison, it is in use, it would have fewer seeds than before, or it adds seeds where
            they are needed by itself.
        LedgerError: its ledger is damaged.
    """
    directory = ComparisonDirectory(Path(path))
    most = directory.read_settings().until_decided
    if seeds is not None and most is not None:
        raise InputError(f"{path} adds seeds until all is decided, up to {most} as it was planned: leave --seeds out")
    directory.extended(seeds)
    return go(directory, workers, listener, tuning_listener)


def prepare(settings: ComparisonSettings, run: Path | None) -> ComparisonDirectory:
    """Make the directory of a new comparison; nothing is trained yet.

    Raises:
        InputError: the directory exists already, or a network cannot be trained by these settings.
    """
    path = run or next_free(f"compare-{settings.training.data}")
    ComparisonDirectory.require_new(path)
    ComparedTraining(settings)
    for one in settings.networks:
        Setup.of(settings.training.training_of(one.name, one.architecture, 0, "cpu"))
        if settings.tuning is not None:
            tuning_settings(settings, one, "cpu")
    return ComparisonDirectory.create(path, settings)


def go(
    directory: ComparisonDirectory,
    workers: int | None,
    listener: ListenerFactory,
    tuning_listener: TuningListenerFactory = _silent_tuning,
) -> Comparison:
    """Tune and train what is missing, and write result, report and tables."""
    settings = directory.read_settings()
    with directory.writing() as storage:
        tunings = tuned(directory.tunings, settings, workers, tuning_listener)
        records = _trained(directory, settings, storage, tunings, workers, listener)
        content = result(settings, records, tunings)
        write_text(directory.result, json.dumps(content, indent=2, allow_nan=False) + "\n")
        write_text(directory.report, render(content))
        for form, path in directory.tables.items():
            write_text(path, render_table(content, form))
    return Comparison(directory, settings, content)


def bills(settings: ComparisonSettings, workers: int | None) -> tuple[list[CostEstimate], int]:
    """What one training of each network takes here, measured in seconds; and how many trainings run at once.

    Raises:
        InputError: a network cannot be trained here.
    """
    evaluator, places = ComparedTraining(settings), slots(workers)
    tasks = [evaluator.task(one.network, 0) for one in settings.networks]
    with one_thread(places[0]):
        return [evaluator.bill(task, Context(places[0])) for task in tasks], len(places)


def _trained(
    directory: ComparisonDirectory,
    settings: ComparisonSettings,
    storage: BaseStorage,
    tunings: Mapping[str, Mapping[str, Any]],
    workers: int | None,
    listener: ListenerFactory,
) -> Records:
    """For each network the records of its trainings, by seed."""
    evaluator = ComparedTraining(settings)
    problem = problem_of(_space(settings, evaluator), evaluator, (OBJECTIVE,))
    ledger = Ledger(storage, problem.objectives, _NAME, settings.fingerprint)

    def task(one: Entrant, seed: int) -> Task:
        return evaluator.task(one.network, seed, chosen(tunings.get(one.name)))

    fidelities = {arch.key(one.network): task(one, 0).fidelity for one in settings.networks}
    if any(record.fidelity != fidelities[record.key] for record in ledger.records):
        raise LedgerError(f"{directory.tunings} holds other tunings than those trained by: restore it from a copy")
    seeds: tuple[int, ...] = (settings.seeds,) * len(settings.networks)
    with local_executor(evaluator, workers, directory.trainings) as executor:
        told = listener(ledger, executor.slots)
        while True:
            # Seed after seed, so that a comparison that is stopped has whole replications.
            pairs = [(row, seed) for seed in range(max(seeds)) for row, count in enumerate(seeds) if seed < count]
            tasks = [task(settings.networks[row], seed) for row, seed in pairs]
            found = dict(zip(pairs, evaluate_all(tasks, problem, ledger, executor, told), strict=True))
            records = [tuple(found[row, seed] for seed in range(count)) for row, count in enumerate(seeds)]
            further = next_round(settings, records)
            if further == seeds:
                return records
            seeds = further


def _space(settings: ComparisonSettings, evaluator: ComparedTraining) -> DesignSpace:
    shape, classes = evaluator.image_format(settings)
    return DesignSpace([one.network for one in settings.networks], shape, classes)
