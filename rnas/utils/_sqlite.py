"""Store a ledger in one SQLite file in write-ahead mode, the default storage."""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from optuna.storages import RDBStorage
from sqlalchemy import event

from rnas.errors import LedgerError

_BUSY_SECONDS = 60


@contextmanager
def opened(path: Path) -> Iterator[RDBStorage]:
    """Open the storage in a file, which is created if it does not exist; merge its log into the file at the end.

    Raises:
        LedgerError: the file exists and is not a complete database. It is not changed.
    """
    if path.exists():
        check(path)
    else:
        _create(path)
    storage = _storage(path)
    try:
        yield storage
    finally:
        storage.remove_session()
        storage.engine.dispose()
        with closing(sqlite3.connect(path, timeout=_BUSY_SECONDS)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def check(path: Path) -> None:
    """Raise LedgerError unless the file is a complete SQLite database that contains a study."""
    fix = "restore it from a copy, or start a new run"
    try:
        with _unchanged(path) as connection:
            found = connection.execute("PRAGMA quick_check").fetchall()
            tables = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'studies'").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise LedgerError(f"{path} is damaged ({error}): {fix}") from None
    if found != [("ok",)]:
        raise LedgerError(f"{path} is damaged ({str(found[0][0]).splitlines()[0]}): {fix}")
    if not tables:
        raise LedgerError(f"{path} is damaged (it contains no study): {fix}")


@contextmanager
def _unchanged(path: Path) -> Iterator[sqlite3.Connection]:
    """Connect without changing the file or its log."""
    log = path.with_name(path.name + "-wal")
    if not log.exists():
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True)) as connection:
            yield connection
        return
        # Reading a log needs a connection that may merge it into the file, so a copy is read.
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        shutil.copyfile(path, copy)
        shutil.copyfile(log, copy.with_name(log.name))
        with closing(sqlite3.connect(copy)) as connection:
            yield connection


def _create(path: Path) -> None:
    """Create the tables in another file and move it into place, so that the file is always complete."""
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    with closing(sqlite3.connect(partial)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    storage = RDBStorage(f"sqlite:///{partial}")
    storage.remove_session()
    storage.engine.dispose()
    with closing(sqlite3.connect(partial)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    partial.replace(path)


def _storage(path: Path) -> RDBStorage:
    storage = RDBStorage(
        f"sqlite:///{path}",
        engine_kwargs={"connect_args": {"timeout": _BUSY_SECONDS}},
        skip_table_creation=True,
        skip_compatibility_check=True,
    )

    # In write-ahead mode, NORMAL loses nothing when a process dies, and it waits for the disk far less often.
    @event.listens_for(storage.engine, "connect")
    def _relax(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA synchronous=NORMAL")

    return storage
