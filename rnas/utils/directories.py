"""Directories of experiments: made whole or not at all, and written to by one process at a time."""

import os
import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from rnas.errors import InputError


def require_free(path: Path) -> None:
    """Raise InputError where something is at the path already."""
    if path.exists():
        resume = f"rnas resume {shlex.quote(str(path))}"
        raise InputError(f"{path} exists already: choose another output, or resume it with {resume}")


def next_free(name: str, folder: Path = Path("runs")) -> Path:
    """Return ``<folder>/<name>-<n>`` with the least n from 1 that is free."""
    number = 1
    while (path := folder / f"{name}-{number}").exists():
        number += 1
    return path


@contextmanager
def creating(path: Path) -> Iterator[Path]:
    """Within: an empty directory to fill, which is moved to the path when the block ends well.

    Raises:
        InputError: the path exists already, or cannot be made.
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
        raise InputError(f"{path}: cannot be made ({error.strerror})") from None


@contextmanager
def locked(path: Path, doing: str) -> Iterator[None]:
    """Within, the directory is this process's alone.

    Args:
        path: the directory.
        doing: what a process does that holds it, such as ``searching``, for the message.

    Raises:
        InputError: another process holds it.
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
