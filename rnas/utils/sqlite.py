"""The default storage of a ledger: one SQLite file in write-ahead mode."""

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
    """The storage in a file, made if it is not there; its log is folded into the file at the end.

    Raises:
        LedgerError: the file is there and is not a whole database. It is left as it is.
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
    """Raise LedgerError unless the file is a whole SQLite database that holds a study."""
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
        raise LedgerError(f"{path} is damaged (it holds no study): {fix}")


@contextmanager
def _unchanged(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that leaves the file and the log beside it exactly as they are."""
    log = path.with_name(path.name + "-wal")
    if not log.exists():
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True)) as connection:
            yield connection
        return
    # To read a log takes a connection that may fold it into the file, so a copy is read.
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        shutil.copyfile(path, copy)
        shutil.copyfile(log, copy.with_name(log.name))
        with closing(sqlite3.connect(copy)) as connection:
            yield connection


def _create(path: Path) -> None:
    """Make the tables aside and move them into place, so that a file that is there is always whole."""
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

    # In write-ahead mode NORMAL loses nothing when a process dies, and waits for the disk far less often.
    @event.listens_for(storage.engine, "connect")
    def _relax(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA synchronous=NORMAL")

    return storage
