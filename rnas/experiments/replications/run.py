"""Run a replication: train every cell of its design with every seed, and judge the paper's claims."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from rnas import registry
from rnas.errors import InputError
from rnas.experiment import CostEstimate, EstimatedWork, Listener, given_settings
from rnas.experiments.replications._resolve import DIGITS, resolve_settings
from rnas.experiments.replications.design import DesignCell, Replication, require_distinct
from rnas.experiments.replications.result import ReplicationResult, judged
from rnas.experiments.replications.settings import ReplicationSettings
from rnas.experiments.seeded_trainings import SeededTrainings, TrainingGroup
from rnas.nas.evaluators.adversarial_training import AdversarialTraining
from rnas.nas.evaluators.evaluator import Context, Task
from rnas.nas.execution._local import measured_slots
from rnas.nas.listed_space import DesignSpace
from rnas.nas.objective import Objective
from rnas.training.recipe import Recipe
from rnas.utils._threads import one_thread
from rnas.utils.provenance import json_hash

OBJECTIVE = Objective(metric="test_robust_accuracy", direction="maximize")

CellGroup = tuple[Mapping[str, Any], list[int]]
"""Changes of the recipe, and the rows of the cells that have them."""


class ReplicationRun(SeededTrainings[ReplicationSettings, ReplicationResult]):
    """Repeat a paper's experiment, and judge the paper's observation by the results."""

    kind = "replication"
    Settings = ReplicationSettings

    @cached_property
    def cells(self) -> tuple[DesignCell, ...]:
        """Return the cells of the design that are trained."""
        return self.settings.design()

    def result(self) -> ReplicationResult:
        """Return what has come of the replication so far: of the seeds that all cells have been trained with.

        Raises:
            InputError: there is no such seed yet.
        """
        records = self._records()
        order = [row for _, rows in cell_groups(self.cells) for row in rows]
        seeds = min(map(len, records))
        by_cell = {row: own[:seeds] for row, own in zip(order, records, strict=True)}
        return judged(self.settings, self.cells, [by_cell[row] for row in range(len(self.cells))])

    def estimate(self, workers: int | None = None) -> CostEstimate:
        """Measure the cheapest and the dearest cell; the time of the others is taken to grow linearly with FLOPs.

        Raises:
            InputError: a cell cannot be trained here.
        """
        places, memory = measured_slots(workers), 0
        flops, seconds = [], []
        for cell in sorted(self.cells, key=lambda cell: cell.flops)[:: max(len(self.cells) - 1, 1)]:
            evaluator = evaluator_for(self.settings, self.cells, cell.recipe)
            task = Task(cell.architecture, 0, evaluator.rungs[-1].fidelity)
            with one_thread(places[0]):
                found = evaluator.estimate(task, Context(places[0]))
            flops.append(cell.flops)
            seconds.append(found.seconds)
            memory = max(memory, found.memory or 0)
        seeds = self.settings.seeds
        times = np.interp([cell.flops for cell in self.cells], flops, seconds).tolist()
        work = (
            EstimatedWork(cell.label, seeds, time, memory or None, {"flops": cell.flops, "params": cell.params})
            for cell, time in zip(self.cells, times, strict=True)
        )
        return CostEstimate(tuple(work), tuple(places))

    def supply(self, **objects: object) -> None:
        """Give the run its ``replication`` as an object if it is not registered; see :meth:`Experiment.supply`."""
        replication = objects.pop("replication", None)
        super().supply(**objects)
        if isinstance(replication, Replication):
            if replication.name != self.settings.replication:
                raise InputError(f"replication: {self.path} is of {self.settings.replication}, not {replication.name}")
            self.settings = self.settings.defined_by(replication)

    @classmethod
    def _name(cls, settings: ReplicationSettings) -> str:
        return f"{settings.replication}-{settings.training.data}"

    def _check(self) -> None:
        require_distinct(self.cells)
        for group in self._groups():
            assert group.tasks

    def _groups(self) -> Sequence[TrainingGroup]:
        """Return the cells by the changes of their recipe: the tasks of one ledger have one recipe."""
        return [self._group(changes, [self.cells[row] for row in rows]) for changes, rows in cell_groups(self.cells)]

    def _group(self, changes: Mapping[str, Any], cells: Sequence[DesignCell]) -> TrainingGroup:
        name = self.settings.replication
        evaluator = evaluator_for(self.settings, cells, changes)
        fidelity = evaluator.rungs[-1].fidelity
        return TrainingGroup(
            f"{name}-{json_hash(changes)}" if changes else name,
            evaluator,
            OBJECTIVE,
            tuple(Task(cell.architecture, 0, fidelity) for cell in cells),
            ", ".join(f"{field.replace('_', ' ')} {value}" for field, value in changes.items()),
        )


def replicate(
    replication: Replication | str,
    *,
    data: str = DIGITS,
    data_dir: Path | str | None = None,
    recipe: Recipe | Mapping[str, Any] | str | None = None,
    eps: str | float | None = None,
    epochs: int | None = None,
    images: int | None = None,
    seeds: int | None = None,
    capacity: str | None = None,
    base_channels: Sequence[int] | None = None,
    networks: Sequence[str] | None = None,
    cells: int | None = None,
    output: Path | str | None = None,
    workers: int | None = None,
    listener: Listener | Sequence[Listener] | None = None,
) -> ReplicationResult:
    """Repeat an experiment of a paper, and judge the paper's observation by the results.

    On digits trainings take seconds and networks are small; on other data the recipe is the paper's, as long as it was
    published, and so are the networks.

    Args:
        replication: its registered name, see :func:`rnas.experiments.replications.replications`; or an
            object. One that is not registered is given again to :func:`rnas.resume`.
        data: registered name of the data.
        data_dir: folder of the data's files.
        recipe: a recipe, its name, or ``{name: NAME, ...}`` with some of its fields set otherwise; None is the paper's,
            and a short one on digits.
        eps: l-infinity radius of all attacks for pixels in [0, 1], such as ``"8/255"``; None is the data's own.
        epochs: epochs of each training; None is as many as the recipe was published with, and 4 on digits.
        images: number of images to train on; None is all.
        seeds: trainings of each cell, at least 1; None is as many as the replication says.
        capacity: ``small``, or ``paper`` for the paper's own depths and widths; None is ``small`` on digits.
        base_channels: planes of the three stages at widening 1; None is 16, 32, 64, and a quarter of these for small.
        networks: names of published networks, in place of those of a replication that compares families of networks.
        cells: the most cells of the design to train, drawn at random with a fixed seed; None is all of them.
        output: directory; None makes ``runs/<replication>-<data>-<n>``.
        workers: trainings at once, each in a process of its own; 0 trains in this process; None is one a core or GPU.
        listener: learns of progress. Every record is a record of the ledger.

    Raises:
        InputError: a setting is wrong, data are missing, or the directory exists.
    """
    settings = resolve_settings(**given_settings(locals()))
    return ReplicationRun.create(settings, output).run(listener, workers=workers)


def cell_groups(cells: Sequence[DesignCell]) -> list[CellGroup]:
    """Return the rows of the cells by the changes of their recipe, in the order in which these first occur."""
    found: dict[str, CellGroup] = {}
    for row, cell in enumerate(cells):
        found.setdefault(json_hash(cell.recipe), (cell.recipe, []))[1].append(row)
    return list(found.values())


def evaluator_for(
    settings: ReplicationSettings, cells: Sequence[DesignCell], changes: Mapping[str, Any]
) -> AdversarialTraining:
    """Return what trains and attacks the networks of cells whose recipe has these changes."""
    size = settings.size
    space = DesignSpace([cell.architecture for cell in cells], size.input_shape, size.num_classes)
    evaluator: AdversarialTraining = registry.load(registry.EVALUATORS, "train")(
        settings.evaluator_settings(changes), space
    )
    return evaluator
