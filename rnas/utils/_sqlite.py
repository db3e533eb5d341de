"""Store a ledger in one SQLite file in write-ahead mode, the default storage."""

import logging
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage
from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError

from rnas.errors import LedgerError
from rnas.utils._trial_storage import TrialStorage

WAIT_SECONDS = 60
"""Time after which waiting for a lock of another program ends."""

DATABASE_ERRORS = (sqlite3.Error, SQLAlchemyError, StorageInternalError)
"""What SQLite, SQLAlchemy and Optuna raise when a database fails."""

_NOTICE_SECONDS = 3
_LEAST_FREE = 2**16
_COPIES = 20
_LOG_HEADER = 32
_URL = "sqlite:///ledger.db"
"""Only names the kind of database: connections are made from the path, which is never parsed as a URL."""
_FIX = "restore it from a copy, or start a new run"

_open: list[Path] = []
"""Files that this process has open to write."""

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


@contextmanager
def created(path: Path) -> Iterator[RDBStorage]:
    """Make a new database, and open it as :func:`opened` does."""
    with explained(path):
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
        _storage(path, new=True).engine.dispose()
    with opened(path) as storage:
        yield storage


@contextmanager
def opened(path: Path) -> Iterator[RDBStorage]:
    """Open the storage in a file to write to it; merge its log into the file at the end.

    Raises:
        LedgerError: the file is not a complete database, it cannot be written, or another program keeps it locked. What
            is damaged is not changed.
    """
    place = _place(path)
    # To read a file that SQLite has open in this process, and to close it, would release SQLite's locks.
    if place not in _open:
        check(path)
    with explained(path):
        storage = _storage(path)
        _open.append(place)
        try:
            yield storage
        finally:
            storage.remove_session()
            storage.engine.dispose()
            _open.remove(place)
            # What cannot be merged now stays in the log, where nothing is lost.
            with suppress(sqlite3.Error), closing(sqlite3.connect(path, _NOTICE_SECONDS)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@contextmanager
def reading(path: Path) -> Iterator[RDBStorage]:
    """Open a copy of the storage in a file: nothing is written next to the file, and no lock is waited for.

    Raises:
        LedgerError: the file is not a complete database.
    """
    with nullcontext(path) if _place(path) in _open else _copied(path) as file, explained(path):
        if file != path:
            _check(file, path)
        storage = _storage(file)
        try:
            yield storage
        finally:
            storage.remove_session()
            storage.engine.dispose()


def check(path: Path) -> None:
    """Raise LedgerError unless the file is a complete SQLite database that contains a study."""
    with _copied(path) as copy:
        _check(copy, path)


@contextmanager
def explained(name: Path | str) -> Iterator[None]:
    """Say in one line what a database cannot do: an error of it becomes a LedgerError."""
    try:
        yield
    except DATABASE_ERRORS as error:
        raise LedgerError(f"{name} cannot be read or written: {_reason(Path(name), first_reason(error))}") from error


def first_reason(error: BaseException) -> str:
    """Return the first line of what the database itself said, without what others made of it."""
    while (inner := getattr(error, "orig", None) or error.__cause__) is not None:
        error = inner
    return next(iter(str(error).splitlines()), type(error).__name__)


def _place(path: Path) -> Path:
    """Return where a path leads to; links that lead in a circle are no error here."""
    return Path(os.path.realpath(path))


def _reason(path: Path, reason: str) -> str:
    full = "is full" in reason
    with suppress(OSError):
        # SQLite does not always say why it cannot write.
        full = full or ("I/O error" in reason and shutil.disk_usage(path.parent).free < _LEAST_FREE)
    if full:
        return "the disk is full: make room, and resume"
    if "locked" in reason:
        return f"it is locked, and {_holder(path)} has kept it for {WAIT_SECONDS} seconds: end that program, and resume"
    return reason


def _check(copy: Path, path: Path) -> None:
    try:
        with closing(sqlite3.connect(copy)) as connection:
            found = connection.execute("PRAGMA quick_check").fetchall()
            tables = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'studies'").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise LedgerError(f"{path} is damaged ({error}): {_FIX}") from None
    if found != [("ok",)]:
        raise LedgerError(f"{path} is damaged ({str(found[0][0]).splitlines()[0]}): {_FIX}")
    if not tables:
        raise LedgerError(f"{path} is damaged (it contains no study): {_FIX}")


@contextmanager
def _copied(path: Path) -> Iterator[Path]:
    """Copy a database and its log, as they were together at one instant, to a folder that ends with the block.

    SQLite cannot read a log without a file next to it that it writes to.
    """
    if not path.is_file():
        raise LedgerError(f"{path} is {'not a file' if path.exists() else 'gone'}: {_FIX}")
    with tempfile.TemporaryDirectory(prefix="rnas-") as folder:
        copy = Path(folder) / "ledger.db"
        for _ in range(_COPIES):
            before = _version(path)
            shutil.copyfile(path, copy)
            for suffix in ("-wal", "-journal"):
                neighbour = path.with_name(f"{path.name}{suffix}")
                copy.with_name(f"{copy.name}{suffix}").unlink(missing_ok=True)
                with suppress(FileNotFoundError):
                    if neighbour.is_file():
                        shutil.copyfile(neighbour, copy.with_name(f"{copy.name}{suffix}"))
            if _version(path) == before:
                break
            time.sleep(0.05)
        yield copy


def _version(path: Path) -> Any:
    """Return what changes when pages move from the log to the file, after which the log begins again."""
    log = path.with_name(f"{path.name}-wal")
    with suppress(FileNotFoundError):
        if log.is_file() and log.stat().st_size:
            with log.open("rb") as file:
                return file.read(_LOG_HEADER)
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


def _storage(path: Path, *, new: bool = False) -> RDBStorage:
    storage = TrialStorage(
        _URL,
        {"creator": lambda: _connect(path)},
        skip_table_creation=not new,
        skip_compatibility_check=not new,
    )

    # In write-ahead mode, NORMAL loses nothing when a process dies, and it waits for the disk far less often.
    @event.listens_for(storage.engine, "connect")
    def _relax(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA synchronous=NORMAL")

    return storage


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, _NOTICE_SECONDS, check_same_thread=False, factory=_Connection)
    connection.path = path
    return connection


class _Connection(sqlite3.Connection):
    """Wait for another program's lock, say so, and give up in the end."""

    path = Path()

    def cursor(self, *_: Any) -> "_Cursor":  # type: ignore[override]
        return super().cursor(_Cursor)

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        return self.cursor().execute(*arguments)

    def commit(self) -> None:
        _patiently(self.path, super().commit)


class _Cursor(sqlite3.Cursor):
    """Run statements of such a connection."""

    def execute(self, *arguments: Any) -> "_Cursor":
        _patiently(_path(self), partial(super().execute, *arguments))
        return self

    def executemany(self, *arguments: Any) -> "_Cursor":
        _patiently(_path(self), partial(super().executemany, *arguments))
        return self


def _path(cursor: sqlite3.Cursor) -> Path:
    return cursor.connection.path if isinstance(cursor.connection, _Connection) else Path()


def _patiently(path: Path, action: Callable[[], _T]) -> _T:
    """Do something with a database, again while another program has its lock, of which each try waits a little."""
    started, said = time.monotonic(), False
    while True:
        try:
            return action()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() - started >= WAIT_SECONDS:
                raise
        if not said:
            _log.warning("%s is locked by %s: waiting up to %s seconds", path, _holder(path), WAIT_SECONDS)
            said = True


def _holder(path: Path) -> str:
    """Return the other processes that have a lock on a database, as far as the system tells."""
    found = []
    with suppress(OSError, ValueError):
        files = [path.with_name(f"{path.name}{suffix}") for suffix in ("", "-shm", "-wal")]
        inodes = {str(one.stat().st_ino) for one in files if one.exists()}
        for line in Path("/proc/locks").read_text(encoding="utf-8").splitlines():
            kind, pid, file = line.split()[-5:-2]
            if kind == "WRITE" and file.rpartition(":")[2] in inodes and int(pid) != os.getpid():
                found.append(pid)
    names = dict.fromkeys(f"process {pid}" for pid in found)
    return ", ".join(names) or "another program"
