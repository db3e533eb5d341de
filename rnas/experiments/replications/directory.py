"""The directory of a replication."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from rnas.experiments.directory import ExperimentDirectory
from rnas.experiments.replications.settings import ReplicationSettings


@dataclass(frozen=True)
class ReplicationDirectory(ExperimentDirectory[ReplicationSettings]):
    """The directory of one replication."""

    noun: ClassVar[str] = "replication"
    Settings: ClassVar[type[ReplicationSettings]] = ReplicationSettings
    resumed_by: ClassVar[str] = "replicate --output"

    @property
    def report(self) -> Path:
        """The report for people."""
        return self.path / "replication.html"
