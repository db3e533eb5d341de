"""A training as its user reads it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from rnas.experiments.training.checkpoint import Checkpoint
from rnas.experiments.training.directory import TrainingDirectory
from rnas.experiments.training.history import Row
from rnas.experiments.training.settings import TrainingRunSettings
from rnas.experiments.training.state import State


@dataclass(frozen=True)
class TrainingRun:
    """What a training has come to so far.

    Attributes:
        directory: where it is kept.
        settings: all that decides it.
        history: a row for each epoch done, see :data:`rnas.experiments.training.history.Row`.
        best: weights of the best epoch on the val split; None before the first.
        last: weights of the last epoch; None before the first.
        summary: results on the test split and all that decided them, as summary.json holds them; None before the end.
    """

    directory: TrainingDirectory
    settings: TrainingRunSettings
    history: tuple[Row, ...]
    best: Checkpoint | None
    last: Checkpoint | None
    summary: Mapping[str, Any] | None

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read a training's directory as it is now.

        Raises:
            InputError: this is no training, or one of its files is damaged.
        """
        directory = TrainingDirectory(Path(path))
        settings = directory.read_settings()
        state = State.read(directory.state, with_tensors=False) if directory.state.exists() else None
        best, last = (Checkpoint.read(file) if file.exists() else None for file in (directory.best, directory.last))
        history = state.history if state is not None else ()
        return cls(directory, settings, history, best, last, directory.read_summary())
