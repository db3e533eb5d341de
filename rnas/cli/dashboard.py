"""``rnas dashboard``."""

import json
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from rnas.errors import InputError, RnasError, error_text
from rnas.experiment import Experiment
from rnas.utils._extras import require_extra
from rnas.utils._text import shown

_SECONDS_BETWEEN_COPIES = 5.0
_READING = ("GET", "HEAD")


def dashboard(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Directory of an experiment with a ledger.")],
    host: Annotated[str, typer.Option(help="Address to serve at; others than localhost are open to a network.")] = (
        "localhost"
    ),
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to serve at; 0 is any free one.")] = 8080,
) -> None:
    """Show the ledger of an experiment in a browser, with optuna-dashboard.

    Nothing is changed: it shows a copy of the ledger, which follows an experiment that is running. Ctrl-C ends it.

    Examples:

      rnas dashboard runs/digits-1
    """
    from wsgiref.simple_server import WSGIRequestHandler, make_server

    from rnas.cli.console import say, stderr
    from rnas.experiment import open_experiment

    class Quiet(WSGIRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Say nothing about each request."""

    with ReadOnlyDashboard(open_experiment(directory)) as served:
        try:
            server = make_server(host, port, served, handler_class=Quiet)
        except (OSError, OverflowError, TypeError, ValueError) as error:
            # Python raises the last two for a host that no name can be.
            reason = getattr(error, "strerror", None) or error
            raise InputError(f"port={port}: cannot serve at {shown(host)} ({reason}); give another") from None
        with server:
            say(stderr(), f"{directory} is shown at http://{host}:{server.server_port}/dashboard/ until Ctrl-C")
            with suppress(KeyboardInterrupt):
                server.serve_forever()


class ReadOnlyDashboard:
    """Serve optuna-dashboard on copies of the ledger of an experiment, and refuse to change anything.

    It is a WSGI application.

    Args:
        experiment: with a ledger.

    Raises:
        InputError: the experiment has no ledger, or optuna-dashboard is not installed.
        LedgerError: the ledger is damaged or gone.
    """

    def __init__(self, experiment: Experiment[Any, Any]) -> None:
        require_extra("dashboard", "optuna_dashboard")
        import optuna_dashboard

        if not experiment.has_ledger:
            raise InputError(f"{experiment.path} is a {experiment.kind}, which has no ledger; its report shows it")
        self._experiment = experiment
        self._make = optuna_dashboard.wsgi
        self._open = ExitStack()
        self._copied = float("-inf")
        self._app: Any = None

    def __enter__(self) -> "ReadOnlyDashboard":
        self._refresh()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request."""
        if environ["REQUEST_METHOD"] not in _READING:
            reason = "rnas dashboard shows a ledger, and changes nothing."
            return _refused("405 Method Not Allowed", reason, start_response)
        if time.monotonic() - self._copied > _SECONDS_BETWEEN_COPIES:
            try:
                self._refresh()
            # The directory or the database may be away for a while, or the disk full.
            except (RnasError, OSError) as error:
                return _refused("503 Service Unavailable", error_text(error), start_response)
        answer: Iterable[bytes] = self._app(environ, start_response)
        return answer

    def _refresh(self) -> None:
        """Copy the ledger again."""
        with ExitStack() as opened:
            self._app = self._make(opened.enter_context(self._experiment.reading()))
            self._open.close()
            self._open, self._copied = opened.pop_all(), time.monotonic()


def _refused(status: str, reason: str, start_response: Callable[..., Any]) -> list[bytes]:
    start_response(status, [("Content-Type", "application/json")])
    return [json.dumps({"reason": reason}).encode()]
