"""Share what experiments on a search have: they live in its directory and evaluate with its parts."""

import os
import shlex
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from rnas.errors import InputError, LedgerError
from rnas.experiment import Experiment, Result
from rnas.nas.config import OnSearchSettings
from rnas.nas.ledger import Ledger
from rnas.nas.search import Search
from rnas.utils._directories import next_free
from rnas.utils.provenance import json_hash

S = TypeVar("S", bound=OnSearchSettings)
R = TypeVar("R", bound=Result)


class ExperimentOnSearch(Experiment[S, R]):
    """Evaluate further networks with the parts of a search, on a ledger of its own."""

    @cached_property
    def search(self) -> Search:
        """Open the search."""
        return Search.open(self.settings.search)

    def supply(self, **objects: object) -> None:
        """Give objects that the search's configuration only names; see :meth:`Search.supply`."""
        self.search.supply(**objects)

    def require_same_inputs(self) -> None:
        """Raise ChangedInputError if what the search reads is not what it was created with."""
        self.search.require_same_inputs()

    def _check(self) -> None:
        self.require_same_inputs()

    def result(self) -> R:
        """Return the result of the evaluations, all of which must have ended; see :meth:`Experiment.result`."""
        if not self.database.exists():
            if self.result_file.exists():
                raise LedgerError(
                    f"{self.database} is gone, though the {self.kind} has results: restore it from a copy"
                )
            raise self._unfinished()
        with self._ledger() as ledger:
            return self._result(ledger)

    @abstractmethod
    def _result(self, ledger: Ledger) -> R:
        """Return what has come of the evaluations."""

    @property
    def _decisive(self) -> str:
        """Hash what decides the evaluations in addition to the search; settings that may grow do not."""
        return json_hash(self.settings.model_dump(mode="json", exclude={"search", *self.grows}))

    @contextmanager
    def _ledger(self) -> Iterator[Ledger]:
        """Open the ledger of the evaluations."""
        setup = self.search.setup
        with self.storage() as storage:
            fingerprint = f"{setup.config.fingerprint}-{self._decisive}"
            yield Ledger(storage, setup.problem.objectives, self.kind, fingerprint)

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
