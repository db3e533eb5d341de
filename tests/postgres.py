"""A real PostgreSQL server for tests, in a temporary directory and on a free port."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

USER, PASSWORD = "searcher", "a secret/of:ours"


def programs() -> Path | None:
    """The folder of the server's programs, which Debian keeps off the path."""
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return places[-1] if places else None


class Server:
    """A server that asks for a password and does not wait for disks."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder = folder
        self._programs = programs()
        self.port = port
        # The server refuses to run as root.
        self._user: dict[str, Any] = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
        if self._user:
            shutil.chown(folder, **self._user)
        (folder / "password").write_text(PASSWORD)
        (folder / "password").chmod(0o644)
        self._run(
            "initdb", "-D", folder / "data", "-U", USER, "--auth=scram-sha-256", "-N", f"--pwfile={folder}/password"
        )
        self.start()

    def _run(self, program: str, *arguments: Any) -> None:
        command = [self._programs / program, *map(str, arguments)]
        subprocess.run(command, check=True, cwd=self._folder, stdout=subprocess.DEVNULL, **self._user)

    def start(self) -> None:
        settings = {"port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off"}
        options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
        self._run("pg_ctl", "-D", self._folder / "data", "-l", self._folder / "log", "-w", "-o", options, "start")

    def stop(self, mode: str = "fast") -> None:
        self._run("pg_ctl", "-D", self._folder / "data", "-w", "-m", mode, "stop")

    def address(self, database: str) -> str:
        """The URL without the password."""
        return f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}/{database}"

    def url(self, database: str) -> str:
        """The URL with the password."""
        return self.address(database).replace("@", f":{PASSWORD.replace('/', '%2F')}@", 1)

    @contextmanager
    def connected(self, database: str = "postgres") -> Iterator[Any]:
        import psycopg

        with psycopg.connect(
            host="127.0.0.1", port=self.port, user=USER, password=PASSWORD, dbname=database, autocommit=True
        ) as connection:
            yield connection


@contextmanager
def serving() -> Iterator[Server]:
    """Start a server, and remove it at the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # The folders that pytest makes are closed to the server's user.
    folder = Path(tempfile.mkdtemp(prefix="rnas-postgres-"))
    try:
        server = Server(folder, port)
        try:
            yield server
        finally:
            server.stop("immediate")
    finally:
        shutil.rmtree(folder)
