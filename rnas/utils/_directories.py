"""Create directories of experiments as a whole, and let only one process at a time write to each."""

import os
import shlex
import shutil
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from rnas.errors import InputError
from rnas.utils._text import shown
from rnas.utils.files import disk_is_full


def user_cache() -> Path:
    """Return the folder for what can be computed again, of the user who runs this; it may not exist yet."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "rnas" / "cache"
    default = Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")
    return Path(os.environ.get("XDG_CACHE_HOME") or default) / "rnas"


def require_free(path: Path) -> None:
    """Raise InputError if the path exists already, or if nothing can have it."""
    require_possible(path)
    if path.exists():
        resume = f"rnas resume {shlex.quote(str(path))}"
        raise InputError(f"{path} exists already: choose another output, or resume it with {resume}")


def require_possible(path: Path) -> None:
    """Raise InputError if no file can have this path."""
    if "\0" in str(path):
        raise InputError(f"{shown(str(path))}: no path (it has a null character)")


def next_free(name: str, folder: Path = Path("runs")) -> Path:
    """Return ``<folder>/<name>-<n>`` with the least n from 1 that is free."""
    number = 1
    while (path := folder / f"{name}-{number}").exists():
        number += 1
    return path


def require_no_links(path: Path, names: Collection[str]) -> None:
    """Raise InputError if a directory holds a link through which files elsewhere would be changed.

    Args:
        path: the directory, which may itself be a link.
        names: what is written in place or emptied there. Other files are replaced as a whole, and a link with them.
    """
    for name in names:
        if (path / name).is_symlink():
            raise InputError(
                f"{path / name} is a link, and nothing is written through one: put the file or folder itself there, "
                "or remove the link"
            )


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
        if disk_is_full(error):
            raise
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
