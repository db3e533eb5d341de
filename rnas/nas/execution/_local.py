"""Run evaluations on the cores or GPUs of this machine, in processes of their own or in this one, or on a cluster."""

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import torch

from rnas.errors import InputError, error_text
from rnas.nas.evaluators.evaluator import Context, Evaluates, Evaluator, Task
from rnas.nas.execution.executor import Executor, Limits
from rnas.nas.execution.in_process import InProcess
from rnas.nas.execution.process_slots import ProcessSlots
from rnas.nas.execution.ray_settings import RaySettings, cluster
from rnas.utils._devices import memory_fraction
from rnas.utils._threads import available_cores

Device = Literal["auto", "cpu", "cuda"]

_MOST = 1_000


def devices(device: Device, workers: int | None) -> list[str]:
    """Return the torch device of each evaluation that runs at once.

    Args:
        device: ``auto`` uses the GPUs if there are any.
        workers: number of evaluations at once; None is one a core or GPU; 0 gives none.

    Raises:
        InputError: there is no GPU here, and one is asked for; or there would be more processes than a host can have.
    """
    if workers is not None and workers > _MOST:
        raise InputError(f"workers: {workers:,} processes on one host; the most is {_MOST:,}")
    cuda = device == "cuda" or (device == "auto" and torch.cuda.is_available())
    if cuda and not torch.cuda.is_available():
        raise InputError("device: cuda is not available here; use device: cpu")
    if not cuda:
        return ["cpu"] * (available_cores() if workers is None else workers)
    gpus = torch.cuda.device_count()
    return [f"cuda:{slot % gpus}" for slot in range(gpus if workers is None else workers)]


def workers_in_memory(evaluator: Evaluator, task: Task) -> int:
    """Return how many evaluations all GPUs of this host have room for, by what one of them takes on the first GPU.

    Args:
        evaluator: measures what the task takes, in a process of its own.
        task: the largest that is expected.

    Raises:
        InputError: the task cannot be evaluated.
    """
    device = slots(None)[0]
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        try:
            memory = pool.submit(evaluator.estimate, task, Context(device)).result().memory
        except Exception as error:  # Whatever a user's own function raises.
            raise InputError(f"workers: auto: {error_text(error)}; give a number of workers") from None
    total, gpus = torch.cuda.get_device_properties(device).total_memory, torch.cuda.device_count()
    return gpus * places_in_memory(total, memory, available_cores() // gpus)


def places_in_memory(total: int, memory: int | None, most: int) -> int:
    """Return how many evaluations share a GPU.

    Args:
        total: bytes of the GPU.
        memory: bytes of tensors of one evaluation; None is unknown, for one evaluation.
        most: evaluations at most.
    """
    number = 1
    while memory is not None and number < most and memory <= total * memory_fraction(total, number + 1):
        number += 1
    return number


def slots(workers: int | None, device: Device = "auto") -> list[str]:
    """Return the same devices, and one device if ``workers`` is 0, for evaluations in this process."""
    return devices(device, 1 if workers == 0 else workers)


def measured_slots(workers: int | None, device: Device = "auto", ray: RaySettings | None = None) -> list[str]:
    """Return the same devices for a cost estimate, which measures this host.

    Args:
        workers: see :func:`slots`.
        device: see :func:`devices`.
        ray: cluster that the experiment's settings name.

    Raises:
        InputError: evaluations run on a cluster, or there is no GPU here and one is asked for.
    """
    if cluster(ray) is not None:
        raise InputError(
            "ray: a cost estimate measures this host, and these evaluations run on a cluster; estimate without ray, or "
            "start without an estimate"
        )
    return slots(workers, device)


@contextmanager
def executor_of(
    evaluator: Evaluates,
    workers: int | None,
    folder: Path | None = None,
    *,
    device: Device = "auto",
    seconds: float | None = None,
    ray: RaySettings | None = None,
) -> Iterator[Executor]:
    """Provide what runs an evaluator's tasks, here or on a cluster; its processes end with the block.

    Args:
        evaluator: runs the tasks.
        workers: evaluations at once, each in a process of its own; 0 evaluates in this process, and one after the other
            on a cluster; None is one a core or GPU, and this process where evaluations take no time to speak of.
        folder: folder for large results, or None.
        device: see :func:`devices`.
        seconds: time after which an evaluation is stopped; None is no limit.
        ray: cluster that the experiment's settings name; see also :func:`rnas.nas.execution.on_ray`.

    Raises:
        InputError: there is no GPU here and one is asked for, or there is no such cluster.
    """
    executor: Executor
    limits = Limits(seconds, folder)
    if (there := cluster(ray)) is not None:
        from rnas.nas.execution.ray_tasks import RayTasks

        executor = RayTasks(evaluator, there, limits, 1 if workers == 0 else workers, device)
    else:
        executor = _on_this_host(evaluator, workers, slots(workers, device), limits)
    try:
        yield executor
    finally:
        executor.close()


def _on_this_host(evaluator: Evaluates, workers: int | None, places: list[str], limits: Limits) -> Executor:
    # A trial of a tuning, which is not an evaluator of a search, does not say whether it is instant.
    if workers == 0 or (workers is None and getattr(evaluator, "instant", False)):
        return InProcess(evaluator, places[0], limits)
    return ProcessSlots(evaluator, places, limits)
