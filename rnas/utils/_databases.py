"""Store ledgers in a database of the user's, named by a URL, which several searches may share."""

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from optuna.storages import BaseStorage, RDBStorage
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from rnas.errors import InputError, LedgerError
from rnas.utils import _sqlite as sqlite

_ATTEMPTS = 5


def require_url(url: str) -> URL:
    """Return a URL in its parts; raise InputError if the text is not a URL."""
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        raise InputError(
            f"storage: {url!r} is not the URL of a database, such as postgresql+psycopg://USER@HOST/NAME"
        ) from None


def shown(url: str) -> str:
    """Return a URL without its password."""
    return require_url(url).render_as_string(hide_password=True)


def create(url: str) -> None:
    """Make the tables of ledgers in a database that has none; for SQLite, also the file. Others may do it at once.

    Raises:
        InputError: the database cannot be opened.
    """
    path = _file(url)
    if path is None:
        _connected(url, new=True).engine.dispose()
    elif not path.parent.is_dir():
        raise InputError(f"storage: {path} cannot be created, as there is no folder {path.parent}; check the URL")
    elif not path.exists():
        partial = path.with_name(f".{path.name}.partial-{secrets.token_hex(4)}")
        try:
            with sqlite.created(partial):
                pass
            with suppress(FileExistsError):
                # A link, as renaming would replace what another process made in the meantime.
                os.link(partial, path)
        except OSError as error:
            raise InputError(f"storage: {path} cannot be created ({error.strerror}); check the URL") from None
        finally:
            with suppress(OSError):
                partial.unlink(missing_ok=True)


@contextmanager
def opened(url: str) -> Iterator[BaseStorage]:
    """Open a database that has the tables, to write to it.

    Raises:
        InputError: it cannot be opened.
        LedgerError: it is damaged, gone, or locked by another program.
    """
    path = _file(url)
    if path is not None:
        with sqlite.opened(path) as own:
            yield own
        return
    with _session(url) as storage:
        yield storage


@contextmanager
def reading(url: str) -> Iterator[BaseStorage]:
    """Open a database to read it: nothing is made in it.

    Raises:
        InputError: it cannot be opened.
        LedgerError: it is damaged or gone.
    """
    path = _file(url)
    with _session(url) if path is None else sqlite.reading(path) as storage:
        yield storage


@contextmanager
def _session(url: str) -> Iterator[RDBStorage]:
    with sqlite.explained(shown(url)):
        storage = _connected(url, new=False)
        try:
            yield storage
        finally:
            storage.remove_session()
            storage.engine.dispose()


def _file(url: str) -> Path | None:
    """Return the path of a SQLite file; None for other databases, and for what SQLite reads as a URL itself."""
    parts = require_url(url)
    name = parts.database
    if parts.get_backend_name() != "sqlite" or parts.query or not name or name.startswith((":", "file:")):
        return None
    return Path(name)


def _connected(url: str, *, new: bool) -> RDBStorage:
    for attempt in range(_ATTEMPTS):
        try:
            storage = RDBStorage(url, skip_table_creation=not new, skip_compatibility_check=not new)
            storage.get_all_studies()
        except Exception as error:  # Each driver has exceptions of its own.
            first = str(error.__cause__ or error).strip().splitlines()[0]
            # Another process is making the same tables.
            if new and attempt < _ATTEMPTS - 1 and ("UNIQUE" in first.upper() or "already exists" in first):
                time.sleep(0.2 * 2**attempt)
                continue
            problem = f"storage: the database cannot be opened ({first}); check the URL"
            raise (InputError if new else LedgerError)(problem) from None
        return storage
    raise AssertionError
