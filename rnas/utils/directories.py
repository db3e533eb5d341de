"""Create directories of experiments as a whole, and let only one process at a time write to each."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from rnas.errors import InputError
from rnas.utils.directory_kind import kind_of


def require_free(path: Path) -> None:
    """Raise InputError if the path exists already; the message names the command that resumes an experiment there."""
    kind = kind_of(path)
    if kind is not None:
        raise InputError(
            f"{path} is a {kind.noun} already: choose another --output, or resume with: {kind.resume_command(path)}"
        )
    if path.exists():
        raise InputError(f"{path} exists already: choose another --output")


def next_free(name: str) -> Path:
    """Return ``runs/<name>-<n>`` with the least n from 1 that does not exist."""
    number = 1
    while (path := Path("runs") / f"{name}-{number}").exists():
        number += 1
    return path


@contextmanager
def creating(path: Path) -> Iterator[Path]:
    """Give the block an empty directory to fill, and move it to the path when the block succeeds.

    Raises:
        InputError: the path exists already, or it cannot be created.
    """
    require_free(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.parent / f".{path.name}.partial-{os.getpid()}"
        partial.mkdir()
        try:
            yield partial
            partial.rename(path)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
    except OSError as error:
        raise InputError(f"{path}: cannot be created ({error.strerror})") from None


@contextmanager
def locked(path: Path, doing: str) -> Iterator[None]:
    """Reserve the directory for this process during the block.

    Args:
        path: the directory.
        doing: what the process does, for the message, such as ``searching``.

    Raises:
        InputError: another process has reserved it.
    """
    lock = FileLock(path / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise InputError(f"{path} is in use: another process is {doing} there; wait for it or stop it") from None
    try:
        yield
    finally:
        lock.release()
