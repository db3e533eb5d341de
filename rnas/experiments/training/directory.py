"""The directory of a training."""

import json
import shlex
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pydantic import ValidationError

from rnas.errors import InputError
from rnas.experiments.training.settings import RunSettings
from rnas.utils.directories import creating, locked
from rnas.utils.files import discard_partial, write_text
from rnas.utils.yaml_files import explained, read_yaml


@dataclass(frozen=True)
class TrainingDirectory:
    """Where everything of one training is."""

    path: Path

    @property
    def settings(self) -> Path:
        """All that decides the training; what tells its directory from others."""
        return self.path / "training.yaml"

    @property
    def architecture(self) -> Path:
        """The network."""
        return self.path / "architecture.json"

    @property
    def history(self) -> Path:
        """A line for each epoch."""
        return self.path / "history.csv"

    @property
    def best(self) -> Path:
        """Weights of the best epoch on the selection part."""
        return self.path / "best.safetensors"

    @property
    def last(self) -> Path:
        """Weights of the last epoch."""
        return self.path / "last.safetensors"

    @property
    def state(self) -> Path:
        """What the training goes on from."""
        return self.path / "state.safetensors"

    @property
    def summary(self) -> Path:
        """What came of it, once it has ended."""
        return self.path / "summary.json"

    @classmethod
    def create(cls, path: Path, settings: RunSettings) -> Self:
        """Make the directory of a new training, whole or not at all.

        Raises:
            InputError: the path exists already, or cannot be made.
        """
        with creating(path) as folder:
            partial = cls(folder)
            write_text(partial.settings, settings.to_yaml())
            write_text(partial.architecture, json.dumps(settings.architecture, indent=2) + "\n")
        return cls(path)

    def read_settings(self) -> RunSettings:
        """The settings of the training; InputError where this is none, or they are wrong."""
        if not self.settings.is_file():
            raise InputError(f"{self.path} is not a training: it has no {self.settings.name}")
        try:
            return RunSettings.model_validate(read_yaml(self.settings))
        except ValidationError as error:
            raise explained(error, str(self.settings)) from None

    def read_summary(self) -> dict[str, Any] | None:
        """What came of the training, None before it has ended; InputError where the file is damaged."""
        if not self.summary.exists():
            return None
        try:
            content = json.loads(self.summary.read_text(encoding="utf-8"))
            if not isinstance(content, dict):
                raise ValueError("no JSON object")
        except (OSError, ValueError) as error:
            again = f"rnas resume {shlex.quote(str(self.path))}"
            raise InputError(f"{self.summary}: damaged ({error}); delete it, and {again} makes it again") from None
        return content

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Within, the directory is this process's alone; InputError where it is another's."""
        with locked(self.path, "training"):
            discard_partial(self.path)
            yield

    def discard(self) -> None:
        """Remove a directory that holds no epoch yet."""
        for path in (self.settings, self.architecture, self.path / "lock"):
            path.unlink(missing_ok=True)
        with suppress(OSError):
            self.path.rmdir()


def is_training(path: Path) -> bool:
    """Whether a directory is that of a training."""
    return TrainingDirectory(path).settings.is_file()
