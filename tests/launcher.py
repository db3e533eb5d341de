"""Run programs of rnas in processes that can be killed, without waiting for their imports.

A server process imports what they need once, computes nothing, and forks for each program. So a program is a process
of its own, in a session of its own, and as new as one that was started from a shell. The server of Python from which a
program forks its workers is forked in the same way, before the program begins.
"""

import atexit
import fcntl
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from multiprocessing import util
from pathlib import Path
from types import ModuleType
from typing import IO, Any

ROOT = Path(__file__).parents[1]
COMMAND = "rnas.cli:main"

_IMPORTED = (
    *("torch", "optuna.storages", "plotly.graph_objects", "sklearn.gaussian_process", "pymoo.algorithms.moo.nsga2"),
    *("rnas.cli.search", "rnas.nas.search", "rnas.nas.evaluators.adversarial_training", "rnas.nas.execution"),
    *("rnas.nas.strategies.surrogate_nsga2", "rnas.experiments.training.training", "rnas.experiments.tuning.tuning"),
    *("rnas.experiments.evaluate", "rnas.scaling_rules.rule_test", "rnas.report.search", "rnas.report.training"),
    *("rnas.report.tuning", "rnas.report.rule_test", "search_spaces.robust_resnet", "search_spaces.wide_resnet"),
)


class Program:
    """A program that runs, in the manner of ``subprocess.Popen``.

    Args:
        target: ``module:function``, or the path of a script.
        words: arguments; a function of the command line reads them from ``sys.argv``, any other is called with them.
        cwd: its working directory; None is that of this process.
    """

    def __init__(self, target: str | Path, *words: object, cwd: Path | None = None) -> None:
        self._printed = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115
        (error, write_error), (status, write_status) = os.pipe(), os.pipe()
        request = {
            "target": str(target),
            "words": [str(word) for word in words],
            "cwd": str(cwd or Path.cwd()),
            "environment": dict(os.environ),
        }
        content = json.dumps(request).encode()
        socket.send_fds(
            _server(), [len(content).to_bytes(4, "big")], [self._printed.fileno(), write_error, write_status]
        )
        _server().sendall(content)
        os.close(write_error)
        os.close(write_status)
        self.stderr: IO[str] = os.fdopen(error, encoding="utf-8")
        self._status: IO[str] = os.fdopen(status, encoding="utf-8")
        self.pid = int(self._status.readline())
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return how it has ended, or None if it runs."""
        return self.wait(0) if self.returncode is not None or select.select([self._status], [], [], 0)[0] else None

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it ends, and return its exit status; if a signal has killed it, minus the signal's number."""
        if self.returncode is None:
            if not select.select([self._status], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("", timeout or 0.0)
            self.returncode = int(self._status.readline())
            self._status.close()
        return self.returncode

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it if it runs, wait for its end, and forget what it has printed."""
        if self.poll() is None:
            self.send_signal(signal.SIGKILL)
        self.wait()
        self.stderr.close()
        self._printed.close()

    def communicate(self) -> tuple[str, str]:
        """Return what it has printed and the rest of its messages, once it has ended."""
        rest = self.stderr.read()
        self.wait()
        self.stderr.close()
        self._printed.seek(0)
        with self._printed:
            return self._printed.read(), rest


def run(
    target: str | Path, *words: object, cwd: Path | None = None, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end.

    Args:
        target: as :class:`Program` takes it.
        words: arguments.
        cwd: its working directory; None is that of this process.
        check: whether it has to end with 0.
    """
    program = Program(target, *words, cwd=cwd)
    out, error = program.communicate()
    assert program.returncode is not None
    assert not (check and program.returncode), error
    return subprocess.CompletedProcess([str(target), *map(str, words)], program.returncode, out, error)


@cache
def _server() -> socket.socket:
    """Start the server; it ends with this process."""
    own, other = socket.socketpair()
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "tests.launcher", str(other.fileno())]
    server = subprocess.Popen(command, cwd=ROOT, env=environment, pass_fds=[other.fileno()])
    other.close()

    def end() -> None:
        own.close()
        server.wait()

    atexit.register(end)
    return own


def serve(server: socket.socket) -> None:
    """Fork for each request; in a program's own process, return after it has run."""
    for name in _IMPORTED:
        importlib.import_module(name)
    running: dict[int, int] = {}
    woken, wakes = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.set_wakeup_fd(wakes)
    while True:
        ready, _, _ = select.select([server, woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
            for pid in list(running):
                ended, status = os.waitpid(pid, os.WNOHANG)
                if ended:
                    _tell(running.pop(pid), os.waitstatus_to_exitcode(status), last=True)
        if server in ready:
            length, (out, error, status), _, _ = socket.recv_fds(server, 4, 3)
            if not length:
                return
            request = json.loads(_received(server, int.from_bytes(length, "big")))
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                for own in (server.detach(), woken, wakes, status, *running.values()):
                    os.close(own)
                _become(request, out, error)
                return
            running[pid] = status
            _tell(status, pid)
            os.close(out)
            os.close(error)


def _tell(status: int, number: int, last: bool = False) -> None:
    # Whoever asked may have ended.
    with suppress(BrokenPipeError):
        os.write(status, f"{number}\n".encode())
    if last:
        os.close(status)


def _received(server: socket.socket, length: int) -> bytes:
    content = b""
    while len(content) < length:
        content += server.recv(length - len(content))
    return content


def _become(request: Mapping[str, Any], out: int, error: int) -> None:
    """Be the program of a request, in this process."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    # What runs tests may ignore Ctrl-C, and what it starts inherits that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.setsid()
    for number, stream in enumerate((os.open(os.devnull, os.O_RDONLY), out, error)):
        os.dup2(stream, number)
        os.close(stream)
    # The streams of the server are of other files.
    sys.stdin, sys.stdout = os.fdopen(0, closefd=False), os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, errors="backslashreplace", closefd=False)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environment"])
    _prepare_forkserver()
    target, words = request["target"], request["words"]
    module, colon, name = target.partition(":")
    if not colon:
        sys.argv = [target, *words]
        sys.path.insert(0, str(Path(target).parent))
        runpy.run_path(target, run_name="__main__")
        return
    # As python -c has it: without a file that a worker would import.
    sys.modules["__main__"] = ModuleType("__main__")
    function = getattr(importlib.import_module(module), name)
    if target == COMMAND:
        sys.argv = ["rnas", *words]
        words = []
    function(*words)


def _prepare_forkserver() -> None:
    """Fork a process that becomes the server of Python's worker processes, should this program start one."""
    own, other = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        own.close()
        # So it is in Python's own server.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        request, descriptors, _, _ = socket.recv_fds(other, 65536, 16)
        other.close()
        if request:
            code, numbers = json.loads(request)
            # None may be overwritten before it is at its place.
            kept = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, 1000) for descriptor in descriptors]
            for descriptor, copy, number in zip(descriptors, kept, numbers, strict=True):
                os.close(descriptor)
                os.dup2(copy, number)
            for copy in kept:
                os.close(copy)
            try:
                exec(code, {})
            finally:
                os._exit(0)
        os._exit(0)
    other.close()
    program, start = os.getpid(), util.spawnv_passfds

    def started(path: Any, words: Any, descriptors: Any) -> int:
        if os.getpid() != program or "multiprocessing.forkserver" not in str(words[-1]):
            return start(path, words, descriptors)
        socket.send_fds(own, [json.dumps((words[-1], list(descriptors))).encode()], list(descriptors))
        own.close()
        util.spawnv_passfds = start
        return pid

    util.spawnv_passfds = started


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as given:
        serve(given)
