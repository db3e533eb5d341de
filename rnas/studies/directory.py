"""The directory of a study."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from rnas.experiment_directory import ExperimentDirectory
from rnas.studies.settings import StudySettings


@dataclass(frozen=True)
class StudyDirectory(ExperimentDirectory[StudySettings]):
    """Where everything of one study is."""

    noun: ClassVar[str] = "study"
    Settings: ClassVar[type[StudySettings]] = StudySettings
    resumed_by: ClassVar[str] = "study --output"

    @property
    def report(self) -> Path:
        """What came of it, for people."""
        return self.path / "study.html"
