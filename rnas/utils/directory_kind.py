"""Find the kind of a directory by its settings file, and the command that resumes it."""

import shlex
from dataclasses import dataclass
from pathlib import Path

from rnas.errors import InputError

_SHOWN = 8


@dataclass(frozen=True)
class Kind:
    """Describe a kind of directory.

    Attributes:
        noun: word for such a directory.
        settings: name of the file that only this kind has.
        resumed_by: command and option before the directory.
    """

    noun: str
    settings: str
    resumed_by: str

    def resume_command(self, path: Path) -> str:
        """Return the command line that resumes an experiment in a directory of this kind."""
        return f"rnas {self.resumed_by} {shlex.quote(str(path))}"


KINDS = (
    Kind("comparison", "comparison.yaml", "compare --output"),
    Kind("replication", "replication.yaml", "replicate --output"),
    Kind("tuning", "tuning.yaml", "resume"),
    Kind("training", "training.yaml", "resume"),
    Kind("search", "config.yaml", "resume"),
)
"""All kinds of directories."""


def kind_of(path: Path) -> Kind | None:
    """Return the kind of a directory; None for any other path."""
    return next((kind for kind in KINDS if (path / kind.settings).is_file()), None)


def refuse_others(path: Path, noun: str) -> None:
    """Raise InputError if a path is clearly something other than the kind that the user asked for.

    Args:
        path: a path that is not of the kind that the user asked for.
        noun: word for that kind.

    Raises:
        InputError: it is a directory of another kind, or contains directories of any kind.
    """
    kind = kind_of(path)
    if kind is not None:
        raise InputError(f"{path} is a {kind.noun}, not a {noun}; resume with: {kind.resume_command(path)}")
    held = _held(path)
    if held:
        more = f" and {len(held) - _SHOWN} more" if len(held) > _SHOWN else ""
        raise InputError(f"{path} is not an experiment; it contains {', '.join(held[:_SHOWN])}{more}")


def _held(path: Path) -> list[str]:
    """Return the names of the subdirectories that are of some kind."""
    try:
        return sorted(inner.name for inner in path.iterdir() if kind_of(inner) is not None)
    except OSError:
        return []
