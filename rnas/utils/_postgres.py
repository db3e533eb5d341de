"""Store ledgers in PostgreSQL: one writer for each study, which outlives restarts of the server, and readers.

A writer has one connection, and on it an advisory lock that the server releases when the connection ends. So nothing is
written without the lock, and a driver that dies holds nothing back. A connection that is lost is made again; then the
storage asks the server whether the write that was under way was done, so that none is lost or doubled.
"""

import hashlib
import logging
import os
import secrets
import socket
import time
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from optuna.storages import RDBStorage
from optuna.study import StudyDirection
from optuna.study._frozen import FrozenStudy
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import URL, QueuePool, text

from rnas.errors import InputError, LedgerError
from rnas.utils import _sqlite as sqlite
from rnas.utils._trial_storage import TrialStorage

RECONNECT_SECONDS = 600
"""Time after which a writer that has lost its connection gives up."""

_LOCK_SECONDS = 3
_LONGEST_NAME = 63
_PAUSE = 0.25
_ATTEMPTS = 5
_KEPT_ALIVE = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
"""Both sides notice within a minute that the other is gone, even if its machine lost its power."""

_SERVER_KEEPS_ALIVE = "set tcp_keepalives_idle = 30; set tcp_keepalives_interval = 10; set tcp_keepalives_count = 3"
_WRITERS = "create table if not exists rnas_writers (study text primary key, token text not null)"
_ENTER = "insert into rnas_writers values (%s, %s) on conflict (study) do update set token = excluded.token"
_ENTERED = "select token from rnas_writers where study = %s"
_HOLDER = """
    select application_name from pg_locks join pg_stat_activity using (pid)
    where locktype = 'advisory' and granted and ((classid::bigint << 32) | objid::bigint) = %s
"""
_AS_IT_IS: Any = {"skip_table_creation": True, "skip_compatibility_check": True}

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


class _NoConnectionError(LedgerError):
    """Report that a database cannot be connected to now."""


class _LostConnectionError(Exception):
    """Report that the connection has ended, so that Optuna does not repeat a write of which nobody knows the fate."""


def create(url: URL, name: str) -> None:
    """Make the tables of ledgers in a database that has none. Others may do it at once.

    Args:
        url: URL of the database, with everything that is needed to connect.
        name: what to call it in messages.

    Raises:
        InputError: the database cannot be opened.
    """
    for attempt in range(_ATTEMPTS):
        try:
            storage = RDBStorage(_text(url), {"creator": lambda: _connection(url, name)})
            with storage.engine.begin() as connection:
                connection.execute(text(_WRITERS))
            _close(storage)
        except LedgerError as error:
            raise InputError(f"storage: {error}") from None
        except (*sqlite.DATABASE_ERRORS, RuntimeError) as error:
            reason = sqlite.first_reason(error)
            # Another process is making the same tables.
            if attempt < _ATTEMPTS - 1 and ("unique constraint" in reason or "already exists" in reason):
                time.sleep(0.2 * 2**attempt)
                continue
            raise InputError(f"storage: {name} cannot hold ledgers: {reason}") from None
        return


def server(url: URL, name: str) -> str:
    """Return the version of the server that answers.

    Raises:
        LedgerError: none does, or it does not let this process in.
        InputError: what is needed to connect is not installed.
    """
    connection = _connection(url, name)
    try:
        return f"PostgreSQL {connection.info.parameter_status('server_version')}"
    finally:
        connection.close()


@contextmanager
def opened(url: URL, name: str, study: str) -> Iterator[RDBStorage]:
    """Open a database to write a study, and those of other names that belong to it.

    Args:
        url: see :func:`create`.
        name: see :func:`create`.
        study: name of the study, for which the lock is held.

    Raises:
        InputError: another driver writes this study.
        LedgerError: the database cannot be opened.
    """
    with _within(name):
        storage = _Storage(url, name, study)
        try:
            yield storage
        finally:
            storage.close()


@contextmanager
def reading(url: URL, name: str) -> Iterator[RDBStorage]:
    """Open a database to read it; a transaction sees it as it was at one instant, and cannot change it.

    Raises:
        LedgerError: the database cannot be opened, or has no tables of ledgers.
    """

    def connect() -> Any:
        connection = _connection(url, name)
        connection.set_read_only(True)
        connection.set_isolation_level(_psycopg().IsolationLevel.REPEATABLE_READ)
        return connection

    with _within(name):
        storage = RDBStorage(_text(url), {"creator": connect}, **_AS_IT_IS)
        try:
            yield storage
        finally:
            _close(storage)


@contextmanager
def _within(name: str) -> Iterator[None]:
    """Say in one line what the database cannot do."""
    try:
        yield
    except (*sqlite.DATABASE_ERRORS, _LostConnectionError) as error:
        raise LedgerError(f"{name} cannot be read or written: {sqlite.first_reason(error)}") from None


def _close(storage: RDBStorage) -> None:
    storage.remove_session()
    storage.engine.dispose()


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)


def _psycopg() -> Any:
    try:
        import psycopg
    except ImportError:
        raise InputError('storage: PostgreSQL needs an extra of rnas: pip install "rnas[postgres]"') from None
    return psycopg


def _connection(url: URL, name: str) -> Any:
    psycopg = _psycopg()
    arguments, given = url.get_dialect()().create_connect_args(url)
    application = f"rnas, process {os.getpid()} on {socket.gethostname()}"[:_LONGEST_NAME]
    try:
        connection = psycopg.connect(*arguments, **{"application_name": application, **_KEPT_ALIVE, **given})
        connection.execute(_SERVER_KEEPS_ALIVE)
        connection.commit()
    except UnicodeError as error:
        # The host is not a name that any computer could have.
        raise LedgerError(f"{name} cannot be opened: {error}") from None
    except psycopg.Error as error:
        reason = sqlite.first_reason(error)
        if "password" in reason:
            fix = "set PGPASSWORD, write it in ~/.pgpass, or set RNAS_STORAGE to the URL with the password"
            raise LedgerError(f"{name} cannot be opened without the right password: {fix}") from None
        raise _NoConnectionError(f"{name} cannot be opened: {reason}") from None
    return connection


class _Storage(TrialStorage):
    """Hold the lock of a study, and survive the loss of the connection.

    Args:
        url: see :func:`create`.
        name: see :func:`create`.
        study: name of the study.
    """

    def __init__(self, url: URL, name: str, study: str) -> None:
        self._url = url
        self._name = name
        self._study = study
        self._key = int.from_bytes(hashlib.sha256(f"rnas ledger {study}".encode()).digest()[:8], signed=True)
        self._token = secrets.token_hex(8)
        self._held = self._admitted(new=True)
        self._is_handed_over = False
        self._counts: dict[int, int] = {}
        one_connection = {"creator": self._hand_over, "poolclass": QueuePool, "pool_size": 1, "max_overflow": 0}
        super().__init__(_text(url), one_connection, **_AS_IT_IS)

    def close(self) -> None:
        """End the connection, and so release the lock."""
        _close(self)
        self._held.close()

    def get_all_studies(self) -> list[FrozenStudy]:
        """Return all studies of the database."""
        return self._steadily(super().get_all_studies)

    def create_new_study(self, directions: Sequence[StudyDirection], study_name: str | None = None) -> int:
        """Create a study, once."""

        def made() -> int | None:
            try:
                return RDBStorage.get_study_id_from_name(self, str(study_name))
            except KeyError:
                return None

        return self._steadily(lambda: RDBStorage.create_new_study(self, directions, study_name), made)

    def get_study_id_from_name(self, study_name: str) -> int:
        """Return the number of a study."""
        return self._steadily(lambda: RDBStorage.get_study_id_from_name(self, study_name))

    def get_study_user_attrs(self, study_id: int) -> dict[str, Any]:
        """Return the attributes of a study."""
        return self._steadily(lambda: RDBStorage.get_study_user_attrs(self, study_id))

    def set_study_user_attr(self, study_id: int, key: str, value: Any) -> None:
        """Set an attribute of a study; twice is the same as once."""
        self._steadily(lambda: RDBStorage.set_study_user_attr(self, study_id, key, value))

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """Return the trials of a study."""
        return self._steadily(lambda: RDBStorage.get_all_trials(self, study_id, deepcopy, states))

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        """Create a trial, once: there is one more than before, or there is not."""
        if study_id not in self._counts:
            # Nobody else writes while the lock is held.
            self._counts[study_id] = self._steadily(lambda: self._trials(study_id))
        before = self._counts[study_id]

        def made() -> int | None:
            if self._trials(study_id) == before:
                return None
            return RDBStorage.get_trial_id_from_study_id_trial_number(self, study_id, before)

        trial_id = self._steadily(lambda: TrialStorage.create_new_trial(self, study_id, template_trial), made)
        self._counts[study_id] += 1
        return trial_id

    def end_trial(
        self, trial_id: int, attributes: Mapping[str, Any], state: TrialState, values: Sequence[float] | None = None
    ) -> None:
        """Write attributes of a running trial and its end, once."""

        def ended() -> bool | None:
            return RDBStorage.get_trial(self, trial_id).state == state or None

        def end() -> bool:
            TrialStorage.end_trial(self, trial_id, attributes, state, values)
            return True

        self._steadily(end, ended)

    def _trials(self, study_id: int) -> int:
        with self.engine.connect() as connection:
            count = text("select count(*) from trials where study_id = :study")
            return int(connection.execute(count, {"study": study_id}).scalar_one())

    def _steadily(self, action: Callable[[], _T], done: Callable[[], _T | None] = lambda: None) -> _T:
        """Do something with the database; after the connection was lost, do it again unless it was done.

        Args:
            action: what to do.
            done: returns what the action would have returned if it was done, and None if it was not.
        """
        lost = False
        while True:
            try:
                found = done() if lost else None
                return action() if found is None else found
            except (*sqlite.DATABASE_ERRORS, _LostConnectionError):
                if self._is_alive():
                    raise
            self._reconnect()
            lost = True

    def _is_alive(self) -> bool:
        try:
            self._held.rollback()
            self._held.execute("select 1")
            self._held.rollback()
        except _psycopg().Error:
            return False
        return True

    def _reconnect(self) -> None:
        """Wait for the server, and take the lock again."""
        _close(self)
        self._held.close()
        until, told = time.monotonic() + RECONNECT_SECONDS, False
        while True:
            try:
                self._held = self._admitted(new=False)
            except _NoConnectionError as error:
                if time.monotonic() >= until:
                    raise LedgerError(f"{error}; nothing that was recorded is lost: resume later") from None
                if not told:
                    _log.warning("%s; waiting up to %d minutes for it", error, RECONNECT_SECONDS // 60)
                    told = True
                time.sleep(_PAUSE)
                continue
            self._is_handed_over = False
            return

    def _hand_over(self) -> Any:
        """Give SQLAlchemy the connection that has the lock, once."""
        if self._is_handed_over:
            raise _LostConnectionError("the connection was lost")
        self._is_handed_over = True
        return self._held

    def _admitted(self, *, new: bool) -> Any:
        """Connect, take the lock, and see that nobody else had it since it was lost.

        Raises:
            InputError: another driver has it.
            LedgerError: another driver had it in the meantime, or the server has not released it yet.
        """
        connection = _connection(self._url, self._name)
        try:
            until = time.monotonic() + _LOCK_SECONDS
            while not connection.execute("select pg_try_advisory_lock(%s)", [self._key]).fetchone()[0]:
                holder = connection.execute(_HOLDER, [self._key]).fetchone()
                connection.rollback()
                if time.monotonic() >= until:
                    if not new and self._is_last_writer(connection):
                        raise _NoConnectionError(f"{self._name} has not noticed yet that a connection to it was lost")
                    other = holder[0] if holder else "another program"
                    raise InputError(
                        f"{self._name} is in use: {other} writes search {self._study!r} there; wait for it or stop it"
                    )
                time.sleep(_PAUSE)
            if new:
                connection.execute(_ENTER, [self._study, self._token])
            elif not self._is_last_writer(connection):
                raise LedgerError(
                    f"{self._name}: another driver has written to search {self._study!r} since the connection was "
                    "lost; resume the search, which continues from what it wrote"
                )
            connection.commit()
        except _psycopg().Error as error:
            connection.close()
            raise _NoConnectionError(f"{self._name} cannot be opened: {sqlite.first_reason(error)}") from None
        except BaseException:
            connection.close()
            raise
        return connection

    def _is_last_writer(self, connection: Any) -> bool:
        """Return whether no other driver has had the lock since this one took it."""
        return bool(connection.execute(_ENTERED, [self._study]).fetchone() == (self._token,))
