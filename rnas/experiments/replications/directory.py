"""The directory of a replication."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from rnas.experiments.directory import ExperimentDirectory
from rnas.experiments.replications.settings import ReplicationSettings


@dataclass(frozen=True)
class ReplicationDirectory(ExperimentDirectory[ReplicationSettings]):
    """Where everything of one replication is."""

    noun: ClassVar[str] = "replication"
    Settings: ClassVar[type[ReplicationSettings]] = ReplicationSettings
    resumed_by: ClassVar[str] = "replicate --run"

    @property
    def report(self) -> Path:
        """What came of it, for people."""
        return self.path / "replication.html"
