"""Where evaluations run that no search's config decides: on the cores or GPUs of this machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rnas.api import devices
from rnas.config import Config
from rnas.evaluation.evaluator import Evaluator
from rnas.execution.executor import Executor, Limits
from rnas.execution.in_process import InProcess
from rnas.execution.process_slots import ProcessSlots


def slots(workers: int | None) -> list[str]:
    """The torch device of each evaluation at once, at least one.

    Args:
        workers: how many; None is one a core or GPU.
    """
    config = Config(workers=workers)
    return devices(config) or devices(config.model_copy(update={"workers": 1}))


@contextmanager
def local_executor(evaluator: Evaluator, workers: int | None, folder: Path | None = None) -> Iterator[Executor]:
    """Within, what runs an evaluator's tasks; its processes end with the block.

    Args:
        evaluator: runs the tasks.
        workers: evaluations at once, each in a process of its own; 0 evaluates in this process; None is one a core or
            GPU.
        folder: where bulky results go, or None.
    """
    places, limits = slots(workers), Limits(folder=folder)
    executor: Executor = (
        InProcess(evaluator, places[0], limits) if workers == 0 else ProcessSlots(evaluator, places, limits)
    )
    try:
        yield executor
    finally:
        executor.close()
