"""Running a study: every cell with every seed, on a ledger, so that what is done is never done again."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optuna.storages import BaseStorage

from rnas import registry
from rnas.experiment import Listener
from rnas.experiments.replications.design import Cell, require_distinct
from rnas.experiments.replications.directory import StudyDirectory
from rnas.experiments.replications.result import result
from rnas.experiments.replications.settings import StudySettings, settle
from rnas.nas.campaign import evaluate_all
from rnas.nas.evaluators.adversarial_training import AdversarialTraining
from rnas.nas.evaluators.evaluator import Context, Estimate, Task
from rnas.nas.execution.local import local_executor, slots
from rnas.nas.ledger import Ledger, Record
from rnas.nas.listed_space import DesignSpace
from rnas.nas.objective import Objective
from rnas.nas.problem import problem_of
from rnas.report.study import render
from rnas.utils.directories import next_free
from rnas.utils.files import write_text
from rnas.utils.provenance import json_hash
from rnas.utils.threads import one_thread

OBJECTIVE = Objective(metric="final_robust_accuracy", direction="maximize")

Group = tuple[Mapping[str, Any], list[int]]
"""Changes of the recipe, and the rows of the cells that have them."""

ListenerFactory = Callable[[Ledger, int, str], Listener]
"""Made from the ledger of a group of cells, the number of slots, and what the group's recipe has otherwise."""


@dataclass(frozen=True)
class StudyRun:
    """A study that has ended.

    Attributes:
        directory: where it is kept.
        settings: all that decides it.
        result: verdict, claims and cells, as study.json holds them.
    """

    directory: StudyDirectory
    settings: StudySettings
    result: Mapping[str, Any]


def study(
    name: str,
    *,
    run: Path | str | None = None,
    workers: int | None = None,
    listener: ListenerFactory = lambda ledger, slots, label: Listener(),
    **given: Any,
) -> StudyRun:
    """Run a study of a paper, and say what its results are worth as evidence for the paper's observation.

    Args:
        name: of the study; see :func:`rnas.experiments.replications.registered.studies`.
        run: directory; None makes ``runs/<study>-<data>-<n>``.
        workers: trainings at once, each in a process of its own; 0 trains in this process; None is one a core or GPU.
        listener: makes what is told of progress.
        **given: see :func:`rnas.experiments.replications.settings.settle`.

    Raises:
        InputError: a setting is wrong, data are missing, or the directory exists.
    """
    return go(prepare(settle(name, given), None if run is None else Path(run)), workers, listener)


def resume_study(
    path: Path | str,
    *,
    seeds: int | None = None,
    workers: int | None = None,
    listener: ListenerFactory = lambda ledger, slots, label: Listener(),
) -> StudyRun:
    """Go on with a study that was stopped, or train its cells with further seeds.

    Args:
        path: the study's directory.
        seeds: in all; None keeps the study's own. The larger is kept in the directory.
        workers: see :func:`study`.
        listener: see :func:`study`.

    Raises:
        InputError: this is no study, it is in use, or it would have fewer seeds than before.
        LedgerError: its ledger is damaged.
    """
    directory = StudyDirectory(Path(path))
    directory.extended(seeds)
    return go(directory, workers, listener)


def prepare(settings: StudySettings, run: Path | None) -> StudyDirectory:
    """Make the directory of a new study; nothing is trained yet.

    Raises:
        InputError: the directory exists already, or the study cannot be run by these settings.
    """
    path = run or next_free(f"{settings.study}-{settings.training.data}")
    StudyDirectory.require_new(path)
    cells = settings.design()
    require_distinct(cells)
    for changes, _ in groups(cells):
        evaluator_for(settings, cells, changes)
    return StudyDirectory.create(path, settings)


def go(directory: StudyDirectory, workers: int | None, listener: ListenerFactory) -> StudyRun:
    """Train what is missing, and write result and report."""
    settings = directory.read_settings()
    cells = settings.design()
    records: dict[int, tuple[Record, ...]] = {}
    with directory.writing() as storage:
        for group in groups(cells):
            records |= _evaluated(settings, cells, group, storage, workers, listener)
        content = result(settings, cells, [records[row] for row in range(len(cells))])
        write_text(directory.result, json.dumps(content, indent=2, allow_nan=False) + "\n")
        write_text(directory.report, render(content))
    return StudyRun(directory, settings, content)


def groups(cells: Sequence[Cell]) -> list[Group]:
    """The rows of the cells by the changes of their recipe, in the order in which these first occur."""
    found: dict[str, Group] = {}
    for row, cell in enumerate(cells):
        found.setdefault(json_hash(cell.recipe), (cell.recipe, []))[1].append(row)
    return list(found.values())


def label(changes: Mapping[str, Any]) -> str:
    """Changes of a recipe in words; empty where there are none."""
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in changes.items())


def estimates(settings: StudySettings, workers: int | None) -> tuple[list[tuple[Cell, Estimate]], int]:
    """What the cheapest and the dearest cell take here, measured in seconds; and how many trainings run at once.

    Raises:
        InputError: a cell cannot be trained here.
    """
    cells = settings.design()
    places = slots(workers)
    found = []
    for cell in {id(cell): cell for cell in (min(cells, key=_flops), max(cells, key=_flops))}.values():
        evaluator = evaluator_for(settings, cells, cell.recipe)
        task = Task(cell.architecture, 0, evaluator.rungs[-1].fidelity)
        with one_thread(places[0]):
            found.append((cell, evaluator.estimate(task, Context(places[0]))))
    return found, len(places)


def _flops(cell: Cell) -> int:
    return cell.flops


def evaluator_for(settings: StudySettings, cells: Sequence[Cell], changes: Mapping[str, Any]) -> AdversarialTraining:
    """What trains and attacks the networks of cells whose recipe has these changes."""
    evaluator: AdversarialTraining = registry.load(registry.EVALUATORS, "train")(
        settings.evaluator_settings(changes), _space(settings, cells)
    )
    return evaluator


def _space(settings: StudySettings, cells: Sequence[Cell]) -> DesignSpace:
    size = settings.size
    return DesignSpace([cell.architecture for cell in cells], size.input_shape, size.num_classes)


def _evaluated(
    settings: StudySettings,
    cells: Sequence[Cell],
    group: Group,
    storage: BaseStorage,
    workers: int | None,
    listener: ListenerFactory,
) -> dict[int, tuple[Record, ...]]:
    """For each row of a group the records of its trainings, by seed."""
    changes, rows = group
    own = [cells[row] for row in rows]
    evaluator = evaluator_for(settings, own, changes)
    problem = problem_of(_space(settings, own), evaluator, (OBJECTIVE,))
    # A ledger for each recipe, since the tasks of one ledger differ in network, seed and fidelity alone.
    name = f"{settings.study}-{json_hash(changes)}" if changes else settings.study
    ledger = Ledger(storage, problem.objectives, name, settings.fingerprint)
    fidelity = evaluator.rungs[-1].fidelity
    # Seed after seed, so that a study that is stopped has whole replications.
    tasks = [Task(cell.architecture, seed, fidelity) for seed in range(settings.seeds) for cell in own]
    with local_executor(evaluator, workers) as executor:
        records = evaluate_all(tasks, problem, ledger, executor, listener(ledger, executor.slots, label(changes)))
    return {row: tuple(records[place :: len(rows)]) for place, row in enumerate(rows)}
