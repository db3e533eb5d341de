"""The directory of a study."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from optuna.storages import BaseStorage

from rnas import sqlite
from rnas.directories import creating, locked
from rnas.errors import InputError, LedgerError
from rnas.files import discard_partial, write_text
from rnas.studies.settings import StudySettings, read_settings


@dataclass(frozen=True)
class StudyDirectory:
    """Where everything of one study is."""

    path: Path

    @property
    def settings(self) -> Path:
        """All that decides the study; what tells its directory from others."""
        return self.path / "study.yaml"

    @property
    def database(self) -> Path:
        """The ledger of its trainings."""
        return self.path / "study.db"

    @property
    def result(self) -> Path:
        """What came of it, for machines."""
        return self.path / "study.json"

    @property
    def report(self) -> Path:
        """What came of it, for people."""
        return self.path / "study.html"

    @classmethod
    def create(cls, path: Path, settings: StudySettings) -> "StudyDirectory":
        """Make the directory of a new study, whole or not at all; InputError where that cannot be."""
        with creating(path) as partial:
            cls(partial).keep(settings)
        return cls(path)

    def keep(self, settings: StudySettings) -> None:
        """Write the settings: the number of seeds may grow."""
        write_text(self.settings, settings.to_yaml())

    def read_settings(self) -> StudySettings:
        """The settings of the study; InputError where this is none, or they are wrong."""
        if not self.settings.is_file():
            raise InputError(f"{self.path} is not a study: it has no {self.settings.name}")
        return read_settings(self.settings)

    @contextmanager
    def writing(self) -> Iterator[BaseStorage]:
        """Within, the ledger's storage, and the directory is this process's alone.

        Raises:
            InputError: it is another's.
            LedgerError: the ledger is damaged, or gone.
        """
        with locked(self.path, "running the study"):
            discard_partial(self.path)
            if self.result.exists() and not self.database.exists():
                raise LedgerError(f"{self.database} is gone, though the study has results: restore it from a copy")
            with sqlite.opened(self.database) as storage:
                yield storage


def is_study(path: Path) -> bool:
    """Whether a directory is that of a study."""
    return StudyDirectory(path).settings.is_file()
