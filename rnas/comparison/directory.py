"""The directory of a comparison."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from optuna.storages import BaseStorage

from rnas import sqlite
from rnas.comparison.settings import ComparisonSettings, read_settings
from rnas.directories import creating, locked
from rnas.errors import InputError, LedgerError
from rnas.files import discard_partial, write_text


@dataclass(frozen=True)
class ComparisonDirectory:
    """Where everything of one comparison is."""

    path: Path

    @property
    def settings(self) -> Path:
        """All that decides the comparison; what tells its directory from others."""
        return self.path / "comparison.yaml"

    @property
    def database(self) -> Path:
        """The ledger of its trainings."""
        return self.path / "comparison.db"

    @property
    def trainings(self) -> Path:
        """A folder of each training, which goes on from there when it was stopped."""
        return self.path / "trainings"

    @property
    def evaluations(self) -> Path:
        """A file of each checkpoint, as ``rnas evaluate`` writes it."""
        return self.path / "evaluations"

    @property
    def result(self) -> Path:
        """What came of it, for machines."""
        return self.path / "comparison.json"

    @property
    def report(self) -> Path:
        """What came of it, for people."""
        return self.path / "comparison.html"

    @property
    def tables(self) -> dict[str, Path]:
        """The table, by form."""
        return {form: self.path / f"comparison.{form}" for form in ("md", "tex", "csv")}

    @classmethod
    def create(cls, path: Path, settings: ComparisonSettings) -> "ComparisonDirectory":
        """Make the directory of a new comparison, whole or not at all; InputError where that cannot be."""
        with creating(path) as partial:
            cls(partial).keep(settings)
        return cls(path)

    def keep(self, settings: ComparisonSettings) -> None:
        """Write the settings: the number of seeds may grow."""
        write_text(self.settings, settings.to_yaml())

    def read_settings(self) -> ComparisonSettings:
        """The settings of the comparison; InputError where this is none, or they are wrong."""
        if not self.settings.is_file():
            raise InputError(f"{self.path} is not a comparison: it has no {self.settings.name}")
        return read_settings(self.settings)

    @contextmanager
    def writing(self) -> Iterator[BaseStorage]:
        """Within, the ledger's storage, and the directory is this process's alone.

        Raises:
            InputError: it is another's.
            LedgerError: the ledger is damaged, or gone.
        """
        with locked(self.path, "running the comparison"):
            discard_partial(self.path)
            if self.result.exists() and not self.database.exists():
                raise LedgerError(f"{self.database} is gone, though the comparison has results: restore it from a copy")
            with sqlite.opened(self.database) as storage:
                yield storage


def is_comparison(path: Path) -> bool:
    """Whether a directory is that of a comparison."""
    return ComparisonDirectory(path).settings.is_file()
