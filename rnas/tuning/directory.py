"""The directory of a tuning."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from optuna.storages import BaseStorage
from pydantic import ValidationError

from rnas import sqlite
from rnas.config import explained, read_yaml
from rnas.directories import creating, locked
from rnas.errors import InputError, LedgerError
from rnas.files import discard_partial, write_text
from rnas.tuning.settings import TuningSettings


@dataclass(frozen=True)
class TuningDirectory:
    """Where everything of one tuning is."""

    path: Path

    @property
    def settings(self) -> Path:
        """All that decides the tuning; what tells its directory from others."""
        return self.path / "tuning.yaml"

    @property
    def database(self) -> Path:
        """The Optuna study."""
        return self.path / "study.db"

    @property
    def recipe(self) -> Path:
        """The best recipe found, as ``rnas train --recipe`` takes it."""
        return self.path / "recipe.yaml"

    @property
    def summary(self) -> Path:
        """What came of it."""
        return self.path / "summary.json"

    @classmethod
    def create(cls, path: Path, settings: TuningSettings) -> Self:
        """Make the directory of a new tuning, whole or not at all.

        Raises:
            InputError: the path exists already, or cannot be made.
        """
        with creating(path) as partial:
            cls(partial).keep(settings)
        return cls(path)

    def keep(self, settings: TuningSettings) -> None:
        """Write the settings: the number of trials may grow."""
        write_text(self.settings, settings.to_yaml())

    def read_settings(self) -> TuningSettings:
        """The settings of the tuning; InputError where this is none, or they are wrong."""
        if not self.settings.is_file():
            raise InputError(f"{self.path} is not a tuning: it has no {self.settings.name}")
        try:
            return TuningSettings.model_validate(read_yaml(self.settings))
        except ValidationError as error:
            raise explained(error, str(self.settings)) from None

    @contextmanager
    def writing(self) -> Iterator[BaseStorage]:
        """Within, the study's storage, and the directory is this process's alone.

        Raises:
            InputError: it is another's.
            LedgerError: the study is damaged, or gone.
        """
        with locked(self.path, "tuning"):
            discard_partial(self.path)
            if self.summary.exists() and not self.database.exists():
                raise LedgerError(f"{self.database} is gone, though the tuning has results: restore it from a copy")
            with sqlite.opened(self.database) as storage:
                yield storage


def is_tuning(path: Path) -> bool:
    """Whether a directory is that of a tuning."""
    return TuningDirectory(path).settings.is_file()
