"""Run one process for each slot, each a pool of its own, so that a dead worker fails exactly one evaluation."""

import multiprocessing
import os
import pickle
import pickletools
import signal
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

from rnas.errors import InputError
from rnas.nas.evaluators import _guard as guard
from rnas.nas.evaluators.evaluator import Evaluates, Evaluation, Status, Task, inputs_of
from rnas.nas.execution import _worker as worker
from rnas.nas.execution.executor import Limits
from rnas.utils._processes import ATTEMPTS

_GRACE_SECONDS = 10.0
_TICK_SECONDS = 0.25


@dataclass
class _Running:
    number: int
    task: Task
    attempt: int
    started: float
    future: "Future[Evaluation]"
    overdue: bool = False


class _Slot:
    """Run a worker process, which is started when it is first needed and again after it died."""

    def __init__(self, evaluator: Evaluates, device: str) -> None:
        self._evaluator = evaluator
        self._inputs = inputs_of(evaluator)
        self._device = device
        self._pool: ProcessPoolExecutor | None = None
        self._ready: Future[int] | None = None
        self._failed_starts = 0
        self.running: _Running | None = None
        # Spawned rather than forked: a forked child of a process with threads, or with a GPU, may hang.
        self._spawn = multiprocessing.get_context("spawn")
        self.share: Synchronized[float] = self._spawn.Value("d", 0.0)

    def submit(self, number: int, task: Task, attempt: int, limits: Limits) -> None:
        self.share.value = 0.0
        try:
            future = self._process().submit(worker.evaluate, task, limits.seconds, limits.folder)
        except BrokenProcessPool:
            # The worker died while it had nothing to do.
            self.kill()
            future = self._process().submit(worker.evaluate, task, limits.seconds, limits.folder)
        self.running = _Running(number, task, attempt, time.monotonic(), future)

    def _process(self) -> ProcessPoolExecutor:
        if self._pool is None:
            start = self._evaluator, self._inputs, self._device, self.share
            self._pool = ProcessPoolExecutor(1, self._spawn, worker.start, start)
            self._ready = self._pool.submit(worker.ready)
        return self._pool

    def never_started(self) -> bool:
        """Return whether the worker died while it started; raise InputError if this happens repeatedly."""
        if self._ready is None or (self._ready.done() and self._ready.exception() is None):
            self._failed_starts = 0
            return False
        self._failed_starts += 1
        if self._failed_starts == ATTEMPTS:
            raise InputError(
                "worker processes cannot start; a script that searches needs its call under "
                'if __name__ == "__main__": and what it evaluates with must be importable; or set workers: 0'
            )
        return True

    @property
    def starting(self) -> bool:
        """Return whether the process is still starting."""
        return self._ready is not None and not self._ready.done()

    def kill(self) -> None:
        """End the process and forget the pool."""
        if self._pool is None or self._ready is None:
            return
        with suppress(BrokenProcessPool, ProcessLookupError):
            os.kill(self._ready.result(), signal.SIGKILL)
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._pool = self._ready = None


class ProcessSlots:
    """Run evaluations in one slot for each entry of ``devices``.

    Args:
        evaluator: travels to each worker once, by pickle.
        devices: torch device of each slot; one named twice is shared.
        limits: limits of each evaluation; a worker that ignores its deadline is killed soon after it.

    Raises:
        InputError: the evaluator cannot be pickled.
    """

    def __init__(self, evaluator: Evaluates, devices: Sequence[str], limits: Limits) -> None:
        _require_portable(evaluator)
        self._slots = [_Slot(evaluator, device) for device in devices]
        self._limits = limits
        self.slots = len(self._slots)

    def submit(self, number: int, task: Task) -> None:
        """Start an evaluation in a free slot."""
        free = next(slot for slot in self._slots if slot.running is None)
        free.submit(number, task, 1, self._limits)

    def wait(self, tick: Callable[[dict[int, float]], None]) -> list[tuple[int, Evaluation]]:
        """Wait for results; meanwhile retry what lost its worker and kill what is overdue."""
        done: list[tuple[int, Evaluation]] = []
        while not done:
            busy = {slot.running.future: slot for slot in self._slots if slot.running is not None}
            if not busy:
                return done
            finished, _ = wait(busy, timeout=_TICK_SECONDS, return_when=FIRST_COMPLETED)
            for future in finished:
                result = self._finish(busy[future])
                if result is not None:
                    done.append(result)
            for slot in self._slots:
                self._check_time(slot)
            tick({slot.running.number: slot.share.value for slot in self._slots if slot.running is not None})
        return done

    def close(self) -> None:
        """Kill every worker."""
        for slot in self._slots:
            slot.kill()
            slot.running = None

    def _finish(self, slot: _Slot) -> tuple[int, Evaluation] | None:
        """Return the result of a slot whose future is done; None if the evaluation was started again."""
        running = slot.running
        assert running is not None
        slot.running = None
        try:
            return running.number, running.future.result()
        except BrokenProcessPool:
            if slot.never_started():
                slot.kill()
                slot.submit(running.number, running.task, running.attempt, self._limits)
                return None
            slot.kill()
        except Exception as error:
            if guard.of_the_machine(error):
                raise
            # A worker turns what an evaluation raises into a result, so it is the result that could not travel.
            return running.number, Evaluation(Status.FAILED, reason=f"its result cannot leave the worker: {error}")
        seconds = time.monotonic() - running.started
        if running.overdue:
            reason = f"it ran past its time limit of {self._limits.seconds:g} s and was killed"
            return running.number, Evaluation(Status.TIMEOUT, seconds=seconds, reason=reason)
        if running.attempt < ATTEMPTS:
            slot.submit(running.number, running.task, running.attempt + 1, self._limits)
            return None
        reason = f"its worker was killed {ATTEMPTS} times; by the system, for want of memory?"
        return running.number, Evaluation(Status.FAILED, seconds=seconds, reason=reason)

    def _check_time(self, slot: _Slot) -> None:
        running = slot.running
        if running is None or running.overdue or self._limits.seconds is None:
            return
        if slot.starting:
            running.started = time.monotonic()
        if time.monotonic() - running.started > self._limits.seconds + _GRACE_SECONDS:
            running.overdue = True
            slot.kill()


def _require_portable(evaluator: Evaluates) -> None:
    """Raise InputError if an evaluator cannot be sent to a worker process and read there."""
    fix = "define what it uses in a module file, not in a notebook or inside a function, or set workers: 0"
    try:
        sent = pickle.dumps(evaluator)
    except Exception as error:  # Pickle raises whatever the object does.
        raise InputError(f"the evaluator cannot travel to a worker process ({error}); {fix}") from None
    # A worker imports the script that was started, which does not exist if code was typed in.
    name = _of_main(sent)
    if name and not Path(getattr(sys.modules["__main__"], "__file__", "")).is_file():
        where = f"it uses {name}, which is defined in __main__"
        raise InputError(f"the evaluator cannot travel to a worker process ({where}); {fix}")


def _of_main(sent: bytes) -> str | None:
    """Return the name of the first thing in a pickle that is defined in ``__main__``; None if nothing is."""
    texts = [value for _, value, _ in pickletools.genops(sent) if isinstance(value, str)]
    for text, following in zip(texts, [*texts[1:], ""], strict=True):
        module, _, name = text.partition(":")
        if module == "__main__":
            return name or following
    return None
