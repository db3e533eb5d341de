"""Run evaluations in the searching process, one at a time: for tables, for debugging, for notebooks."""

import time
from collections.abc import Callable

from rnas.errors import DeviceLostError
from rnas.nas.evaluators import _guard as guard
from rnas.nas.evaluators.evaluator import Context, Evaluates, Evaluation, Task, inputs_of
from rnas.nas.execution.executor import Limits
from rnas.utils._devices import lost
from rnas.utils._threads import one_thread


class InProcess:
    """Run one evaluation at a time in this process. Evaluators must check their deadline themselves, as ours do.

    Args:
        evaluator: runs the tasks.
        device: a torch device.
        limits: limits of each evaluation.
    """

    slots = 1

    def __init__(self, evaluator: Evaluates, device: str, limits: Limits) -> None:
        self._evaluator = evaluator
        self._inputs = inputs_of(evaluator)
        self._device = device
        self._limits = limits
        self._submitted: list[tuple[int, Task]] = []

    def submit(self, number: int, task: Task) -> None:
        """Keep the task until :meth:`wait`."""
        self._submitted.append((number, task))

    def wait(self, tick: Callable[[dict[int, float]], None]) -> list[tuple[int, Evaluation]]:
        """Evaluate what was submitted.

        Raises:
            DeviceLostError: an earlier evaluation has made the device unusable for this process.
        """
        done = []
        for number, task in self._submitted:
            reason = lost(self._device)
            if reason:
                raise DeviceLostError(reason)
            deadline = None if self._limits.seconds is None else time.monotonic() + self._limits.seconds

            def report(share: float, number: int = number) -> None:
                tick({number: share})

            context = Context(self._device, deadline, self._limits.folder, report)
            with one_thread(self._device):
                done.append((number, guard.evaluate(self._evaluator, task, context, self._inputs)))
        self._submitted.clear()
        return done

    def close(self) -> None:
        """Do nothing, because no process was started."""
