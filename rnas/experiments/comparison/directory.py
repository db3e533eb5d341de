"""The directory of a comparison."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from rnas.experiments.comparison.settings import ComparisonSettings
from rnas.experiments.directory import ExperimentDirectory


@dataclass(frozen=True)
class ComparisonDirectory(ExperimentDirectory[ComparisonSettings]):
    """Where everything of one comparison is."""

    noun: ClassVar[str] = "comparison"
    Settings: ClassVar[type[ComparisonSettings]] = ComparisonSettings
    resumed_by: ClassVar[str] = "compare --output"

    @property
    def trainings(self) -> Path:
        """A folder of each training, which goes on from there when it was stopped."""
        return self.path / "trainings"

    @property
    def tunings(self) -> Path:
        """A directory of each network's tuning, where they are tuned."""
        return self.path / "tunings"

    @property
    def evaluations(self) -> Path:
        """A file of each checkpoint, as ``rnas evaluate`` writes it."""
        return self.path / "evaluations"

    @property
    def report(self) -> Path:
        """What came of it, for people."""
        return self.path / "comparison.html"

    @property
    def tables(self) -> dict[str, Path]:
        """The table, by form."""
        return {form: self.path / f"comparison.{form}" for form in ("md", "tex", "csv")}
