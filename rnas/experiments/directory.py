"""The directory of an experiment that can be stopped, gone on with and made larger."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import parent_process
from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeVar

from optuna.storages import BaseStorage

from rnas.errors import InputError, LedgerError
from rnas.experiments.settings import ExperimentSettings
from rnas.utils import sqlite
from rnas.utils.directories import creating, locked, require_free
from rnas.utils.files import discard_partial, write_text

S = TypeVar("S", bound=ExperimentSettings)


@dataclass(frozen=True)
class ExperimentDirectory(Generic[S]):
    """Where everything of one experiment is: of a comparison, a study or a tuning.

    A subclass says of its kind what it is called (``noun``, which names its files too), which settings it has, which
    of them may grow, and which command resumes the directory that follows it.
    """

    path: Path

    noun: ClassVar[str]
    Settings: ClassVar[Any]
    grows: ClassVar[str] = "seeds"
    resumed_by: ClassVar[str]

    @property
    def settings(self) -> Path:
        """All that decides the experiment; what tells its directory from others."""
        return self.path / f"{self.noun}.yaml"

    @property
    def database(self) -> Path:
        """The ledger of its trainings."""
        return self.path / f"{self.noun}.db"

    @property
    def result(self) -> Path:
        """What came of it, for machines."""
        return self.path / f"{self.noun}.json"

    @classmethod
    def is_at(cls, path: Path) -> bool:
        """Whether a directory is one of an experiment of this kind."""
        return cls(path).settings.is_file()

    @classmethod
    def require_new(cls, path: Path) -> None:
        """InputError where no experiment can begin: something is at the path, or a worker's process imports a script.

        Args:
            path: of the directory that is to be made.
        """
        if parent_process() is not None:
            raise InputError(f'a script that runs a {cls.noun} needs its call under if __name__ == "__main__":')
        require_free(path)

    @classmethod
    def create(cls, path: Path, settings: S) -> Self:
        """Make the directory of a new experiment, whole or not at all; InputError where that cannot be."""
        with creating(path) as partial:
            cls(partial).keep(settings)
        return cls(path)

    def keep(self, settings: S) -> None:
        """Write the settings: one of them may grow."""
        write_text(self.settings, settings.to_yaml())

    def read_settings(self) -> S:
        """The settings of the experiment; InputError where this is none of its kind, or they are wrong."""
        if not self.settings.is_file():
            raise InputError(f"{self.path} is not a {self.noun}: it has no {self.settings.name}")
        settings: S = self.Settings.read(self.settings)
        return settings

    def extended(self, number: int | None) -> S:
        """The settings with the number that may grow, of seeds or of trials, set to another, and kept so.

        Args:
            number: in all; None is as many as before.

        Raises:
            InputError: see :meth:`read_settings`, or it would be fewer than before.
        """
        settings = self.read_settings()
        own = getattr(settings, self.grows)
        if number is None or number == own:
            return settings
        if number < own:
            raise InputError(f"{self.path} is a {self.noun} of {own} {self.grows}; it cannot have {number}")
        settings = settings.model_copy(update={self.grows: number})
        self.keep(settings)
        return settings

    @contextmanager
    def writing(self) -> Iterator[BaseStorage]:
        """Within, the storage of the ledger, and the directory is this process's alone.

        Raises:
            InputError: it is another's.
            LedgerError: the ledger is damaged, or gone.
        """
        with locked(self.path, f"running the {self.noun}"):
            discard_partial(self.path)
            if self.result.exists() and not self.database.exists():
                raise LedgerError(
                    f"{self.database} is gone, though the {self.noun} has results: restore it from a copy"
                )
            with sqlite.opened(self.database) as storage:
                yield storage
