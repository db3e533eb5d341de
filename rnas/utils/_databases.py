"""Store ledgers in a database of the user's, named by a URL, which several searches may share.

Passwords are never recorded: a URL is kept without its password, which this process remembers. Another process finds it
where PostgreSQL's own programs do, or in the environment variable ``RNAS_STORAGE``.
"""

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from optuna.storages import BaseStorage
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from rnas.errors import InputError, RnasError
from rnas.utils import _postgres as postgres
from rnas.utils import _sqlite as sqlite

ENVIRONMENT = "RNAS_STORAGE"
"""Environment variable with the URL of a database in PostgreSQL, by which a ledger is reached instead of its own."""

_POSTGRES = "postgresql"
_EXAMPLE = "such as postgresql+psycopg://USER@HOST/NAME"
_SECRETS = ("password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key")

_complete: dict[str, URL] = {}
"""URLs with the passwords that this process was given, by the URL without."""


def recorded(url: str) -> str:
    """Return a URL without passwords, which this process remembers.

    Raises:
        InputError: it is not the URL of a database in PostgreSQL, or of a file of SQLite.
    """
    parts = _parts(url)
    text = _public(parts)
    if parts.password is not None or any(name in parts.query for name in _SECRETS):
        _complete[text] = parts
    return text


def without_password(url: str) -> str:
    """Return the URL by which a ledger is reached, without passwords."""
    return _public(_reached(url))


def reached(url: str) -> URL:
    """Return the URL by which a ledger is reached, with all that is needed to connect, to send it and not to print it.

    Raises:
        InputError: it is not the URL of a database that holds ledgers.
    """
    recorded(url)
    return _reached(url)


def server(url: URL) -> str:
    """Return which server answers at a URL, or why none does, as ``not reachable: ...``; nothing is made in it."""
    if url.get_backend_name() == "sqlite":
        path = Path(str(url.database))
        return "a file of SQLite" if path.is_file() else f"not there: {path}"
    try:
        return postgres.server(url, _public(url))
    except RnasError as error:
        return f"not reachable: {error}"


def create(url: str) -> None:
    """Make the tables of ledgers in a database that has none; for SQLite, also the file. Others may do it at once.

    Raises:
        InputError: the database cannot be opened.
    """
    path = _file(url)
    if path is None:
        if without_password(url) != recorded(url):
            raise InputError(
                f"storage: {recorded(url)} is not the database of the environment variable {ENVIRONMENT}, "
                f"{without_password(url)}; name the same database, or unset {ENVIRONMENT}"
            )
        postgres.create(_reached(url), without_password(url))
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
def opened(url: str, study: str) -> Iterator[BaseStorage]:
    """Open a database that has the tables, to write a study to it.

    Args:
        url: URL of the database.
        study: name of the study; in PostgreSQL only one program at a time may write it.

    Raises:
        InputError: another program is writing the study.
        LedgerError: the database cannot be opened, is damaged, gone, or locked by another program.
    """
    path = _file(url)
    here = postgres.opened(_reached(url), without_password(url), study) if path is None else sqlite.opened(path)
    with here as storage:
        yield storage


@contextmanager
def reading(url: str) -> Iterator[BaseStorage]:
    """Open a database to read it: nothing is made in it.

    Raises:
        LedgerError: it cannot be opened, is damaged or gone.
    """
    path = _file(url)
    with postgres.reading(_reached(url), without_password(url)) if path is None else sqlite.reading(path) as storage:
        yield storage


def _parts(url: str) -> URL:
    """Return a URL in its parts; no message shows one that may have a password in another part."""
    if not url.isprintable():
        raise InputError("a URL has no characters that cannot be printed; write them with %, as %00")
    if url.count("@") > 1 and not url.startswith("sqlite"):
        raise InputError("a URL has one @, before the host; write another one, as in a password, as %40")
    try:
        parts = make_url(url)
    except (ArgumentError, ValueError):
        own = "this" if re.search("[:@=]", url.partition("://")[2] or url) else repr(url)
        raise InputError(f"{own} is not the URL of a database, {_EXAMPLE}") from None
    backend = parts.get_backend_name()
    if backend in (_POSTGRES, "postgres"):
        return parts.set(drivername=f"{_POSTGRES}+psycopg")
    if backend != "sqlite":
        raise InputError(f"{backend} is no database that holds ledgers; give PostgreSQL, {_EXAMPLE}, or a SQLite file")
    if parts.query or not parts.database or parts.database.startswith((":", "file:")):
        raise InputError("the URL of a SQLite file is sqlite:///PATH, and nothing more")
    return parts


def _public(parts: URL) -> str:
    public = {name: value for name, value in parts.query.items() if name not in _SECRETS}
    return URL.create(
        parts.drivername, parts.username, None, parts.host, parts.port, parts.database, public
    ).render_as_string()


def _reached(url: str) -> URL:
    """Return the URL by which a ledger is reached: the environment's own, or with a password given before."""
    own, parts = os.environ.get(ENVIRONMENT), _parts(url)
    if own and parts.get_backend_name() == _POSTGRES:
        try:
            reached = _parts(own)
        except InputError as error:
            raise InputError(f"{ENVIRONMENT}: {error}") from None
        if reached.get_backend_name() != _POSTGRES:
            raise InputError(f"{ENVIRONMENT}: it is not the URL of a database in PostgreSQL, {_EXAMPLE}")
        return reached
    return _complete.get(_public(parts), parts)


def _file(url: str) -> Path | None:
    """Return the path of a SQLite file; None for PostgreSQL."""
    parts = _parts(url)
    return Path(str(parts.database)) if parts.get_backend_name() == "sqlite" else None
