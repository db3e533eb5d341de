"""Evaluate inside a worker process."""

import os
import signal
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing import connection, parent_process
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

import torch

from rnas.nas.evaluators import _guard as guard
from rnas.nas.evaluators.evaluator import Context, Evaluates, Evaluation, Status, Task
from rnas.utils._devices import has_context, lost, share_memory, trusted
from rnas.utils._processes import begin_worker
from rnas.utils._threads import available_cores

_FAILURES = (Status.FAILED, Status.OUT_OF_MEMORY)


@dataclass(frozen=True)
class Outcome:
    """Hold what a worker answers.

    Attributes:
        evaluation: the result.
        is_reusable: whether the worker may evaluate once more. After any failure on a GPU it may not, because the next
            network could fail for what this one left.
        is_lost: whether the worker can no longer use its device at all.
    """

    evaluation: Evaluation
    is_reusable: bool = True
    is_lost: bool = False


@dataclass(frozen=True)
class Slots:
    """Hold how many workers there are.

    Attributes:
        workers: in all.
        on_device: on the device of this one.
    """

    workers: int
    on_device: int


_state: dict[str, tuple[Evaluates, Mapping[str, str], str, "Synchronized[float]"]] = {}


def start(
    environment: Mapping[str, str],
    evaluator: Evaluates,
    inputs: Mapping[str, str],
    device: str,
    slots: Slots,
    share: "Synchronized[float]",
) -> None:
    """Prepare a worker: one torch thread on a CPU, its part of a GPU, and an end when its driver ends."""
    begin_worker(environment)
    if has_context(device):
        signal.signal(signal.SIGTERM, lambda *_: _leave(device))
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    torch.set_num_threads(1 if device == "cpu" else max(1, available_cores() // slots.workers))
    share_memory(device, slots.on_device)
    _state["worker"] = (evaluator, inputs, device, share)


def ready() -> int:
    """Return the worker's process id, once it has started."""
    return os.getpid()


def evaluate(task: Task, seconds: float | None, folder: Path | None) -> Outcome:
    """Evaluate one task in this worker."""
    evaluator, inputs, device, share = _state["worker"]
    share.value = 0.0

    def report(done: float) -> None:
        share.value = done

    deadline = None if seconds is None else time.monotonic() + seconds
    evaluation = guard.evaluate(evaluator, task, Context(device, deadline, folder, report), inputs)
    if not has_context(device):
        return Outcome(evaluation)
    failed = evaluation.status in _FAILURES
    return Outcome(evaluation, not failed and trusted(device), failed and bool(lost(device)))


def _leave(device: str) -> None:
    lost(device)  # This waits for what the device still does.
    os._exit(1)


def _leave_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
