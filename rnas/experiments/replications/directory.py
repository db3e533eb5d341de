"""The directory of a study."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from rnas.experiments.directory import ExperimentDirectory
from rnas.experiments.replications.settings import StudySettings


@dataclass(frozen=True)
class StudyDirectory(ExperimentDirectory[StudySettings]):
    """Where everything of one study is."""

    noun: ClassVar[str] = "study"
    Settings: ClassVar[type[StudySettings]] = StudySettings
    resumed_by: ClassVar[str] = "study --run"

    @property
    def report(self) -> Path:
        """What came of it, for people."""
        return self.path / "study.html"
