"""What kind of directory one is, by the settings file it has, and which command goes on with it."""

import shlex
from dataclasses import dataclass
from pathlib import Path

from rnas.errors import InputError

_SHOWN = 8


@dataclass(frozen=True)
class Kind:
    """A kind of directory.

    Attributes:
        noun: what one is called.
        settings: name of the file that only this kind has.
        resumed_by: the command and option that the directory follows.
    """

    noun: str
    settings: str
    resumed_by: str

    def go_on(self, path: Path) -> str:
        """The command line that goes on with a directory of this kind."""
        return f"rnas {self.resumed_by} {shlex.quote(str(path))}"


KINDS = (
    Kind("comparison", "comparison.yaml", "compare --run"),
    Kind("study", "study.yaml", "study --run"),
    Kind("search", "config.yaml", "resume"),
)
"""All kinds."""


def kind_of(path: Path) -> Kind | None:
    """Of which kind a directory is; None for any other path."""
    return next((kind for kind in KINDS if (path / kind.settings).is_file()), None)


def refuse_others(path: Path, noun: str) -> None:
    """Raise InputError where a path is plainly something else than the one asked for.

    Args:
        path: that is none of the kind asked for.
        noun: of that kind.

    Raises:
        InputError: it is a directory of another kind, or holds directories of some kind.
    """
    kind = kind_of(path)
    if kind is not None:
        raise InputError(f"{path} is a {kind.noun}, not a {noun}; go on with: {kind.go_on(path)}")
    held = _held(path)
    if held:
        more = f" and {len(held) - _SHOWN} more" if len(held) > _SHOWN else ""
        raise InputError(f"{path} is no run; it holds {', '.join(held[:_SHOWN])}{more}")


def _held(path: Path) -> list[str]:
    """Names of the directories within that are of some kind."""
    try:
        return sorted(inner.name for inner in path.iterdir() if kind_of(inner) is not None)
    except OSError:
        return []
