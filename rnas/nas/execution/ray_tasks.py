"""Run each evaluation as a task of Ray, on one host or many."""

import logging
import os
import re
import secrets
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from rnas.data.loading import held_datasets
from rnas.errors import InputError, error_text
from rnas.nas.evaluators import _guard as guard
from rnas.nas.evaluators.evaluator import Evaluates, Evaluation, ReportsToDriver, Status, Task, inputs_of
from rnas.nas.execution import _ray_worker as worker
from rnas.nas.execution._ray_board import Board
from rnas.nas.execution.executor import Limits
from rnas.nas.execution.ray_settings import RaySettings
from rnas.utils._processes import ATTEMPTS
from rnas.utils._text import one_line
from rnas.utils._threads import available_cores
from rnas.utils.files import write_bytes

_GRACE_SECONDS = 10.0
_TICK_SECONDS = 0.25
_LOOK_SECONDS = 1.0
_ANSWER_SECONDS = 10.0
_GIB = 2**30
_LONGEST = 300
_LOGS = "logs"

_log = logging.getLogger(__name__)


@dataclass
class _Running:
    number: int
    task: Task
    attempt: int
    name: str
    began: float | None = None
    """When it was first seen to run, and not to wait for a free place."""
    overdue: bool = False


class RayTasks:
    """Run evaluations on a cluster of Ray, one task each.

    Evaluator and images travel to each node once, and its worker processes are used again for further tasks. What an
    evaluation leaves in the folder for large results comes back with its result, unless its node has the same folder. A
    worker that dies costs its evaluation an attempt; a node that is lost costs none.

    Args:
        evaluator: runs the tasks.
        settings: the cluster, and the resources of one evaluation.
        limits: limits of each evaluation; a worker that ignores its deadline is killed soon after it.
        workers: the most evaluations at once; None is as many as the cluster has resources for, as nodes come and go.
        device: ``cpu`` takes no GPU, ``cuda`` insists on one.

    Raises:
        InputError: Ray is not installed, there is no such cluster, it lacks the resources of one evaluation, or the
            evaluator cannot be sent.
    """

    def __init__(
        self,
        evaluator: Evaluates,
        settings: RaySettings,
        limits: Limits,
        workers: int | None = None,
        device: Literal["auto", "cpu", "cuda"] = "auto",
    ) -> None:
        self._ray = _library()
        self._limits = limits
        self._workers = workers
        self._running: dict[Any, _Running] = {}
        self._mark = f".rnas-{secrets.token_hex(8)}"
        self._shares: Mapping[str, float] = {}
        self._looked = self._counted = -float("inf")
        self._slots = 1
        self._began_here = _connect(self._ray, settings.address, workers)
        try:
            self._needs = self._resources(settings, device)
            self._prepare(evaluator)
        except BaseException:
            self.close()
            raise

    def _prepare(self, evaluator: Evaluates) -> None:
        limits = self._limits
        if limits.folder is not None:
            # By this file a node sees that it has the folder itself.
            (limits.folder.parent / self._mark).touch()
        if isinstance(evaluator, ReportsToDriver):
            evaluator = evaluator.on_cluster(self._ray)
        sent = worker.Sent(evaluator, inputs_of(evaluator), limits.seconds, limits.folder, self._mark)
        try:
            self._sent = [self._ray.put(sent)]
        except Exception as error:  # Pickle raises whatever the object does.
            reason = one_line(error_text(error), _LONGEST)
            raise InputError(f"the evaluator cannot travel to the cluster ({reason})") from None
        # A data set without a folder is part of an installed package.
        for (name, folder), dataset in held_datasets().items():
            if folder is not None:
                self._sent.append(self._ray.put(worker.Images.of(name, folder, dataset)))
        self._board = self._ray.remote(num_cpus=0, max_restarts=-1)(Board).remote()
        options = {"num_cpus": self._needs["CPU"], "num_gpus": self._needs["GPU"], "memory": self._needs["memory"]}
        given = {name: value for name, value in options.items() if value or name == "num_cpus"}
        self._evaluate = self._ray.remote(max_retries=0, **given)(worker.evaluate)

    def _resources(self, settings: RaySettings, device: str) -> dict[str, float]:
        """Return the resources of an evaluation; raise InputError if the cluster does not have them."""
        gpus = settings.gpus_per_evaluation
        if gpus is None:
            gpus = 1.0 if device == "cuda" or (device == "auto" and self._ray.cluster_resources().get("GPU")) else 0.0
        memory = 0.0 if settings.memory_per_evaluation is None else settings.memory_per_evaluation * _GIB
        needs = {"CPU": settings.cpus_per_evaluation, "GPU": 0.0 if device == "cpu" else gpus, "memory": memory}
        if self._places(needs) == 0:
            wanted = ", ".join(f"{value:g} {name}" for name, value in needs.items() if value)
            raise InputError(f"ray: no node of the cluster has what one evaluation needs ({wanted}); ask for less")
        return needs

    def _places(self, needs: Mapping[str, float]) -> int:
        nodes = [node["Resources"] for node in self._ray.nodes() if node["Alive"]]
        wanted = {name: value for name, value in needs.items() if value}
        return sum(int(min(node.get(name, 0.0) / value + 1e-9 for name, value in wanted.items())) for node in nodes)

    @property
    def slots(self) -> int:
        """Return how many evaluations run at once, by the nodes that there are now."""
        if self._workers is not None:
            return self._workers
        if time.monotonic() - self._counted > _LOOK_SECONDS:
            self._counted = time.monotonic()
            # Without any node, tasks wait for one.
            self._slots = max(1, self._places(self._needs))
        return self._slots

    def submit(self, number: int, task: Task) -> None:
        """Start an evaluation, or let it wait for a free place."""
        self._submit(number, task, 1)

    def _submit(self, number: int, task: Task, attempt: int) -> None:
        name = f"{number}-{secrets.token_hex(4)}"
        gpus = self._needs["GPU"]
        # Ray shows a task its own GPUs only, and starts a new process for each task that has one.
        device, sharers = ("cuda:0", sharers_of(gpus)) if gpus else ("cpu", 1)
        # A worker imports what the driver can, where a node has the same files.
        path = [os.getcwd() if entry == "" else entry for entry in sys.path]
        reference = self._evaluate.remote(self._sent, path, task, name, device, sharers, self._board)
        self._running[reference] = _Running(number, task, attempt, name)

    def wait(self, tick: Callable[[dict[int, float]], None]) -> list[tuple[int, Evaluation]]:
        """Wait for results; meanwhile retry what lost its worker and kill what is overdue."""
        done: list[tuple[int, Evaluation]] = []
        while not done and self._running:
            ended, _ = self._ray.wait(list(self._running), timeout=_TICK_SECONDS, fetch_local=False)
            for reference in ended:
                result = self._finish(reference)
                if result is not None:
                    done.append(result)
            self._look()
            for reference, running in self._running.items():
                self._check_time(reference, running)
            tick({one.number: self._shares[one.name] for one in self._running.values() if one.name in self._shares})
        return done

    def _look(self) -> None:
        """Ask the board how far evaluations are."""
        if time.monotonic() - self._looked < _LOOK_SECONDS:
            return
        self._looked = time.monotonic()
        try:
            self._shares = self._ray.get(self._board.shares.remote(), timeout=_LOOK_SECONDS)
        except self._ray.exceptions.RayError:
            return  # It is starting, or is started again after its node was lost.
        for running in self._running.values():
            if running.began is None and running.name in self._shares:
                running.began = time.monotonic()

    def _check_time(self, reference: Any, running: _Running) -> None:
        seconds = self._limits.seconds
        if seconds is None or running.began is None or running.overdue:
            return
        if time.monotonic() - running.began > seconds + _GRACE_SECONDS:
            running.overdue = True
            self._ray.cancel(reference, force=True)

    def _finish(self, reference: Any) -> tuple[int, Evaluation] | None:
        """Return the result of a task that has ended; None if it was started again."""
        running, errors = self._running.pop(reference), self._ray.exceptions
        seconds = 0.0 if running.began is None else time.monotonic() - running.began
        try:
            return running.number, self._received(running, self._ray.get(reference))
        except errors.RayTaskError as error:
            if isinstance(error.cause, BaseException) and guard.of_the_machine(error.cause):
                raise error.cause from None
            reason = f"its result cannot leave the worker: {one_line(error_text(error.cause), _LONGEST)}"
            return running.number, Evaluation(Status.FAILED, seconds=seconds, reason=reason)
        except errors.RayError as error:
            if running.overdue:
                reason = f"it ran past its time limit of {self._limits.seconds:g} s and was killed"
                return running.number, Evaluation(Status.TIMEOUT, seconds=seconds, reason=reason)
            lost = isinstance(error, errors.NodeDiedError | errors.ObjectLostError)
            _log.warning("evaluation %d is started again: %s", running.number, one_line(error_text(error), _LONGEST))
            if lost or running.attempt < ATTEMPTS:
                self._submit(running.number, running.task, running.attempt + (not lost))
                return None
            if isinstance(error, errors.OutOfMemoryError):
                reason = f"Ray killed its worker {ATTEMPTS} times, since its node ran out of memory"
                return running.number, Evaluation(Status.OUT_OF_MEMORY, seconds=seconds, reason=reason)
            reason = f"its worker was killed {ATTEMPTS} times; by the system, for want of memory?"
            return running.number, Evaluation(Status.FAILED, seconds=seconds, reason=reason)

    def _received(self, running: _Running, outcome: worker.Outcome) -> Evaluation:
        """Write the files and the log that came with a result, and return the result."""
        if outcome.evaluation is None:
            raise InputError(
                f"the evaluator cannot be used on a node of the cluster: {one_line(outcome.reason, _LONGEST)}; install "
                "the same packages on every node"
            )
        folder = self._limits.folder
        if folder is not None:
            for name, content in outcome.files.items():
                path = folder.parent / name
                path.parent.mkdir(parents=True, exist_ok=True)
                write_bytes(path, content)
            if outcome.log:
                logs = folder.parent / _LOGS
                logs.mkdir(exist_ok=True)
                write_bytes(logs / f"{folder.name}-{running.number}.log", outcome.log.encode())
        return outcome.evaluation

    def close(self) -> None:
        """End what still runs; a cluster that was started here ends, too."""
        for reference in self._running:
            self._ray.cancel(reference, force=True)
        self._running.clear()
        if self._limits.folder is not None:
            (self._limits.folder.parent / self._mark).unlink(missing_ok=True)
        if hasattr(self, "_board"):
            self._ray.kill(self._board)
        if self._began_here:
            self._ray.shutdown()


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """Connect to a cluster for the block, and give it Ray's module.

    Raises:
        InputError: Ray is not installed, or there is no such cluster.
    """
    ray = _library()
    began_here = _connect(ray, address, None)
    try:
        yield ray
    finally:
        if began_here:
            ray.shutdown()


def sharers_of(gpus: float) -> int:
    """Return how many evaluations of this many GPUs, above 0, Ray places on one GPU."""
    return max(1, int(1 / gpus + 1e-9))


def _library() -> Any:
    # Ray reports its use to its makers, and changes what GPUs a task sees, unless these variables forbid it.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ImportError:
        raise InputError('ray: a cluster needs an extra of rnas: pip install "rnas[ray]"') from None
    return ray


def _require_answer(address: str) -> None:
    """Raise OSError if nothing answers at HOST:PORT, for which Ray would wait several minutes."""
    host, colon, port = address.rpartition(":")
    if colon and re.fullmatch("[0-9]+", port) and "/" not in host:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_ANSWER_SECONDS).close()


def _connect(ray: Any, address: str, workers: int | None) -> bool:
    """Connect to a cluster, or start one; return whether this process was not connected before."""
    options: dict[str, Any] = {"address": address, "log_to_driver": False, "logging_level": "ERROR"}
    if address == "local":
        options |= {"num_cpus": max(workers or 0, available_cores()), "include_dashboard": False}
    in_main = threading.current_thread() is threading.main_thread()
    handler = signal.getsignal(signal.SIGTERM)
    try:
        _require_answer(address)
        if ray.is_initialized():
            return False
        ray.init(**options)
    except (OSError, OverflowError, RuntimeError, ValueError) as error:
        reason = one_line(error_text(error).strip().split("\n")[0], _LONGEST)
        fix = "start one with: ray start --head; or give the address local"
        raise InputError(f"ray: there is no cluster at address {address} ({reason}): {fix}") from None
    finally:
        if in_main and handler is not None:
            # Ray handles this signal in its own way.
            signal.signal(signal.SIGTERM, handler)
    return True
