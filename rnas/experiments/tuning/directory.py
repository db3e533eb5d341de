"""The directory of a tuning."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from rnas.experiments.directory import ExperimentDirectory
from rnas.experiments.tuning.settings import TuningSettings


@dataclass(frozen=True)
class TuningDirectory(ExperimentDirectory[TuningSettings]):
    """Where everything of one tuning is."""

    noun: ClassVar[str] = "tuning"
    Settings: ClassVar[type[TuningSettings]] = TuningSettings
    grows: ClassVar[str] = "trials"
    resumed_by: ClassVar[str] = "resume"

    @property
    def database(self) -> Path:
        """The Optuna study."""
        return self.path / "ledger.db"

    @property
    def result(self) -> Path:
        """What came of it."""
        return self.path / "summary.json"

    @property
    def recipe(self) -> Path:
        """The best recipe found, as ``rnas train --recipe`` takes it."""
        return self.path / "recipe.yaml"
