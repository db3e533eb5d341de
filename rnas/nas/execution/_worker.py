"""Evaluate inside a worker process."""

import os
import signal
import threading
import time
from collections.abc import Mapping
from multiprocessing import connection, parent_process
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

import torch

from rnas.nas.evaluators import _guard as guard
from rnas.nas.evaluators.evaluator import Context, Evaluates, Evaluation, Task

_state: dict[str, tuple[Evaluates, Mapping[str, str], str, "Synchronized[float]"]] = {}


def start(evaluator: Evaluates, inputs: Mapping[str, str], device: str, share: "Synchronized[float]") -> None:
    """Prepare a worker: one torch thread on a CPU, deaf to Ctrl-C, and gone when its driver is."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    if device == "cpu":
        torch.set_num_threads(1)
    _state["worker"] = (evaluator, inputs, device, share)


def ready() -> int:
    """Return the worker's process id, once it has started."""
    return os.getpid()


def evaluate(task: Task, seconds: float | None, folder: Path | None) -> Evaluation:
    """Evaluate one task in this worker."""
    evaluator, inputs, device, share = _state["worker"]
    share.value = 0.0

    def report(done: float) -> None:
        share.value = done

    deadline = None if seconds is None else time.monotonic() + seconds
    return guard.evaluate(evaluator, task, Context(device, deadline, folder, report), inputs)


def _leave_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
