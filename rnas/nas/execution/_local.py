"""Run evaluations on the cores or GPUs of this machine, in processes of their own or in this one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import torch

from rnas.errors import InputError
from rnas.nas.evaluators.evaluator import Evaluates
from rnas.nas.execution.executor import Executor, Limits
from rnas.nas.execution.in_process import InProcess
from rnas.nas.execution.process_slots import ProcessSlots
from rnas.utils._threads import available_cores

Device = Literal["auto", "cpu", "cuda"]


def devices(device: Device, workers: int | None) -> list[str]:
    """Return the torch device of each evaluation that runs at once.

    Args:
        device: ``auto`` uses the GPUs if there are any.
        workers: number of evaluations at once; None is one a core or GPU; 0 gives none.

    Raises:
        InputError: there is no GPU here, and one is asked for.
    """
    cuda = device == "cuda" or (device == "auto" and torch.cuda.is_available())
    if cuda and not torch.cuda.is_available():
        raise InputError("device: cuda is not available here; use device: cpu")
    if not cuda:
        return ["cpu"] * (available_cores() if workers is None else workers)
    gpus = torch.cuda.device_count()
    return [f"cuda:{slot % gpus}" for slot in range(gpus if workers is None else workers)]


def slots(workers: int | None, device: Device = "auto") -> list[str]:
    """Return the same devices, and one device if ``workers`` is 0, for evaluations in this process."""
    return devices(device, 1 if workers == 0 else workers)


@contextmanager
def local_executor(
    evaluator: Evaluates,
    workers: int | None,
    folder: Path | None = None,
    *,
    device: Device = "auto",
    seconds: float | None = None,
) -> Iterator[Executor]:
    """Provide what runs an evaluator's tasks; its processes end with the block.

    Args:
        evaluator: runs the tasks.
        workers: evaluations at once, each in a process of its own; 0 evaluates in this process; None is one a core or
            GPU, and this process where evaluations take no time to speak of.
        folder: folder for large results, or None.
        device: see :func:`devices`.
        seconds: time after which an evaluation is stopped; None is no limit.

    Raises:
        InputError: there is no GPU here, and one is asked for.
    """
    places, limits = slots(workers, device), Limits(seconds, folder)
    # A trial of a tuning, which is not an evaluator of a search, does not say whether it is instant.
    if workers == 0 or (workers is None and getattr(evaluator, "instant", False)):
        executor: Executor = InProcess(evaluator, places[0], limits)
    else:
        executor = ProcessSlots(evaluator, places, limits)
    try:
        yield executor
    finally:
        executor.close()
