"""Share what experiments on a search have: they live in its directory and evaluate with its parts."""

import os
import shlex
from abc import abstractmethod
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from optuna.storages import BaseStorage

from rnas.errors import InputError
from rnas.experiment import Experiment, Listener, Result
from rnas.nas._campaign import evaluate_all, recorded, work_on
from rnas.nas.config import OnSearchSettings
from rnas.nas.evaluators.evaluator import Task
from rnas.nas.ledger import Ledger, Record
from rnas.nas.search import Search
from rnas.nas.strategy import Problem
from rnas.utils._directories import next_free
from rnas.utils.provenance import json_hash

S = TypeVar("S", bound=OnSearchSettings)
R = TypeVar("R", bound=Result)


class ExperimentOnSearch(Experiment[S, R]):
    """Evaluate further networks with the parts of a search, on a ledger of its own."""

    @cached_property
    def search(self) -> Search:
        """Open the search."""
        try:
            return Search.open(self.settings.search)
        except InputError as error:
            raise InputError(f"{self.config}: search: {error}") from None

    def supply(self, **objects: object) -> None:
        """Give objects that the search's configuration only names; see :meth:`Search.supply`."""
        self.search.supply(**objects)

    def require_same_inputs(self) -> None:
        """Raise ChangedInputError if what the search reads is not what it was created with."""
        self.search.require_same_inputs()

    def _check(self) -> None:
        self.require_same_inputs()
        _ = self.search.setup

    def result(self) -> R:
        """Return the result of the evaluations, all of which must have ended; see :meth:`Experiment.result`."""
        with self.reading() as storage:
            ledger = self._ledger(storage)
        tasks = self._recorded_tasks(ledger.records)
        records = [record for record in recorded(tasks, ledger) if record is not None]
        if len(records) < len(tasks):
            raise self._unfinished()
        return self._result(tasks, records)

    def records(self) -> tuple[Record, ...]:
        """Return all evaluations so far, in the order of the ledger."""
        with self.reading() as storage:
            return tuple(self._ledger(storage).records)

    @abstractmethod
    def _tasks(self) -> list[Task]:
        """Return what is to be evaluated."""

    def _recorded_tasks(self, records: Sequence[Record]) -> list[Task]:
        """Return the same to read a result, for which no code is imported that the search's configuration names.

        Args:
            records: all records of the ledger, in order.
        """
        return self._tasks()

    @abstractmethod
    def _result(self, tasks: Sequence[Task], records: Sequence[Record]) -> R:
        """Return what has come of the tasks; there is a record of each, with its evaluation."""

    def _problem(self) -> Problem:
        """Return the problem whose objectives every evaluation has to give."""
        return self.search.setup.problem

    def _run(self, listener: Listener, workers: int | None) -> None:
        setup, tasks = self.search.setup, self._tasks()
        seconds = setup.config.time_limit
        records = self.search.result().records if setup.config.costs is not None else ()
        with self.storage() as storage, setup.executor(workers=workers, seconds=seconds, records=records) as executor:
            ledger = self._ledger(storage)
            listener.started(self, work_on(tasks, ledger, executor.slots))
            evaluate_all(tasks, self._problem(), ledger, executor, listener)

    @property
    def _decisive(self) -> str:
        """Hash what decides the evaluations in addition to the search; settings that may grow do not."""
        return json_hash(self.settings.model_dump(mode="json", exclude={"search", *self.grows}))

    def _begin(self, storage: BaseStorage) -> None:
        self._ledger(storage, new=True)

    def _ledger(self, storage: BaseStorage, new: bool = False) -> Ledger:
        """Return the ledger of the evaluations."""
        setup = self.search.recorded
        fingerprint = f"{setup.config.fingerprint}-{self._decisive}"
        ledger = Ledger(storage, setup.problem.objectives, self.kind, fingerprint, new, source=str(self.database))
        ledger.require_within(self.search.bounds)
        return ledger

    def _unfinished(self) -> InputError:
        return InputError(f"{self.path} has not ended: resume it with rnas resume {shlex.quote(str(self.path))}")

    @classmethod
    def _name(cls, settings: S) -> str:
        return cls.kind

    @classmethod
    def _default_path(cls, settings: S) -> Path:
        # A directory that is not that of a search must not be made.
        Search.open(settings.search)
        return next_free(cls.kind, settings.search)

    def _content(self) -> dict[str, Any]:
        content = super()._content()
        search, own = self.settings.search, self.path.resolve()
        # So that a search can be moved together with the experiments on it.
        return content | ({"search": os.path.relpath(search, own)} if own.is_relative_to(search) else {})
