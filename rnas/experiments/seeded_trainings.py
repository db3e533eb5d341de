"""Train several networks with several seeds each: what comparisons and replications have in common."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from optuna.storages import BaseStorage

from rnas.data.loading import load_dataset
from rnas.errors import InputError, LedgerError
from rnas.evaluation.training_settings import ResolvedTraining
from rnas.experiment import Experiment, Listener, Result
from rnas.experiments.training.settings import SeededSettings
from rnas.nas._campaign import evaluate_all, work_on
from rnas.nas._problem import problem_of
from rnas.nas.evaluators.evaluator import Evaluator, Task
from rnas.nas.execution._local import executor_of
from rnas.nas.ledger import Ledger, Record
from rnas.nas.listed_space import DesignSpace
from rnas.nas.objective import Objective
from rnas.nas.strategy import Problem
from rnas.networks import architecture as arch
from rnas.utils._tabular import Tabular

Records = Sequence[Sequence[Record]]
"""For each network the records of its trainings, by seed."""


@dataclass(frozen=True)
class TrainingGroup:
    """Describe networks that one evaluator trains with several seeds, on a ledger of their own.

    Attributes:
        name: name of the ledger's study.
        evaluator: trains and attacks a network.
        objective: what the ledger's trials are ranked by.
        tasks: the training of each network with one of the seeds.
        label: what distinguishes the group from others, for people; empty if there is one group.
    """

    name: str
    evaluator: Evaluator
    objective: Objective
    tasks: tuple[Task, ...]
    label: str = ""

    def problem(self, training: ResolvedTraining) -> Problem:
        """Return the networks as a search space, with the objective."""
        dataset = load_dataset(training.data, training.data_dir)
        networks = [task.architecture for task in self.tasks]
        space = DesignSpace(networks, dataset.input_shape, dataset.num_classes)
        return problem_of(space, self.evaluator, (self.objective,))


S = TypeVar("S", bound=SeededSettings)
R = TypeVar("R", bound=Result)


class SeededTrainings(Experiment[S, R]):
    """Train networks with several seeds; a subclass says which networks, and what their results are worth."""

    grows: ClassVar[tuple[str, ...]] = ("seeds",)

    @abstractmethod
    def _groups(self) -> Sequence[TrainingGroup]:
        """Return the networks to train, by what trains them."""

    def _wanted_seeds(self, records: Records) -> tuple[int, ...]:
        """Return how many seeds each network of a group should have, by its trainings so far, of the same seeds each.

        Args:
            records: records of the trainings of each network; none at first.
        """
        return (self.settings.seeds,) * len(records)

    @property
    def _trainings(self) -> Path | None:
        """Return the folder where trainings store what does not fit into a ledger; None if they store nothing."""
        return None

    def _inputs(self) -> Mapping[str, str]:
        return {f"training.{name}": found for name, found in self.settings.training.inputs.items()}

    def _run(self, listener: Listener, workers: int | None) -> None:
        with self.storage() as storage:
            for group in self._groups():
                self._train(group, storage, listener, workers)

    def _train(self, group: TrainingGroup, storage: BaseStorage, listener: Listener, workers: int | None) -> None:
        problem, ledger = self._opened(group, storage)
        records: Records = [()] * len(group.tasks)
        with executor_of(group.evaluator, workers, self._trainings) as executor:
            while (seeds := self._wanted_seeds(records)) != tuple(map(len, records)):
                # Seed after seed, so that an experiment that is stopped has whole replications.
                pairs = [(row, seed) for seed in range(max(seeds)) for row, count in enumerate(seeds) if seed < count]
                tasks = [replace(group.tasks[row], seed=seed) for row, seed in pairs]
                work = work_on(tasks, ledger, executor.slots, group.label)
                if work.done < work.total:
                    listener.started(self, replace(work, unit="training"))
                found = dict(zip(pairs, evaluate_all(tasks, problem, ledger, executor, listener), strict=True))
                records = [[found[row, seed] for seed in range(count)] for row, count in enumerate(seeds)]

    def _begin(self, storage: BaseStorage) -> None:
        for group in self._groups():
            self._opened(group, storage, new=True)

    def _opened(self, group: TrainingGroup, storage: BaseStorage, new: bool = False) -> tuple[Problem, Ledger]:
        problem = group.problem(self.settings.training)
        fingerprint, source = self.settings.fingerprint, str(self.database)
        ledger = Ledger(storage, problem.objectives, group.name, fingerprint, new, source=source)
        planned = {arch.key(task.architecture): task.fidelity for task in group.tasks}
        if any(record.fidelity != planned.get(record.key, record.fidelity) for record in ledger.records):
            raise LedgerError(
                f"{self.database} holds trainings of other recipes than {self.path}: restore it from a copy"
            )
        return problem, ledger

    def _records(self) -> list[list[Record]]:
        """Return the records of each network of each group, by seed, up to the first training without a result.

        Raises:
            InputError: a network has no result yet.
        """
        found = []
        with self.reading() as storage:
            for group in self._groups():
                records = self._opened(group, storage)[1].records
                found += [_by_seed(task, records) for task in group.tasks]
        if not found or not all(found):
            raise InputError(f"{self.path} has no results yet; resume it with: {self.resume_command}")
        return found


def _by_seed(task: Task, records: Sequence[Record]) -> list[Record]:
    key = arch.key(task.architecture)
    own = {record.seed: record for record in records if record.key == key and record.evaluation is not None}
    leading: list[Record] = []
    while len(leading) in own:
        leading.append(own[len(leading)])
    return leading


@dataclass(frozen=True)
class TabularResult(Tabular):
    """Hold a result as JSON values, of which some are the rows of a table.

    Attributes:
        content: the whole result.
    """

    content: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON values."""
        return dict(self.content)
