"""Run one process for each slot, each a pool of its own, so that a dead worker fails exactly one evaluation."""

import logging
import os
import pickle
import pickletools
import signal
import sys
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

from rnas.errors import InputError
from rnas.nas.evaluators import _guard as guard
from rnas.nas.evaluators.evaluator import Evaluates, Evaluation, Status, Task, inputs_of
from rnas.nas.execution import _worker as worker
from rnas.nas.execution.executor import Limits
from rnas.utils._devices import has_context, mps_runs
from rnas.utils._processes import ATTEMPTS, worker_context

_log = logging.getLogger(__name__)

_GRACE_SECONDS = 10.0
_TICK_SECONDS = 0.25
_LEAVING_SECONDS = 1.0
_IMPORTED = ("rnas.nas.execution._worker", "rnas.nas.evaluators.adversarial_training")
"""Modules that most workers need, and that take seconds to import."""

# Windows has no such signal, and ends the process by any other.
_KILL = getattr(signal, "SIGKILL", signal.SIGTERM)


@dataclass(frozen=True)
class _Waiting:
    """Hold an evaluation that is to start.

    Attributes:
        number: the caller's number.
        task: what to evaluate.
        attempt: counts from 1.
        is_alone: whether nothing else may run on the device meanwhile.
    """

    number: int
    task: Task
    attempt: int = 1
    is_alone: bool = False


@dataclass
class _Running:
    waiting: _Waiting
    started: float
    future: "Future[worker.Outcome]"
    overdue: bool = False

    @property
    def number(self) -> int:
        return self.waiting.number


class _Slot:
    """Run a worker process, which is started when it is first needed and again after it died."""

    def __init__(self, evaluator: Evaluates, device: str, slots: worker.Slots) -> None:
        self._evaluator = evaluator
        self._inputs = inputs_of(evaluator)
        self.device = device
        self.slots = slots
        self.started_with = slots
        self._pool: ProcessPoolExecutor | None = None
        self._ready: Future[int] | None = None
        self._failed_starts = 0
        self.running: _Running | None = None
        self._context = worker_context(*_IMPORTED)
        self.share: Synchronized[float] = self._context.Value("d", 0.0)

    def submit(self, waiting: _Waiting, limits: Limits) -> None:
        task = waiting.task
        self.share.value = 0.0
        # What runs alone on a device may use all of its memory.
        wanted = replace(self.slots, on_device=1) if waiting.is_alone else self.slots
        if wanted.on_device != self.started_with.on_device:
            self.kill()
        self.started_with = wanted
        try:
            future = self._process().submit(worker.evaluate, task, limits.seconds, limits.folder)
        except BrokenProcessPool:
            # The worker died while it had nothing to do.
            self.kill()
            future = self._process().submit(worker.evaluate, task, limits.seconds, limits.folder)
        self.running = _Running(waiting, time.monotonic(), future)

    @property
    def shares_context(self) -> bool:
        """Return whether errors of others on the same device may reach this one."""
        return self.slots.on_device > 1 and has_context(self.device)

    def _process(self) -> ProcessPoolExecutor:
        if self._pool is None:
            start = dict(os.environ), self._evaluator, self._inputs, self.device, self.started_with, self.share
            self._pool = ProcessPoolExecutor(1, self._context, worker.start, start)
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
        with suppress(BrokenProcessPool, OSError):
            process = self._ready.result()
            if has_context(self.device) and mps_runs():
                # A process that is killed while the GPU works for it can take the service, and all others, with it.
                os.kill(process, signal.SIGTERM)
                deadline = time.monotonic() + _LEAVING_SECONDS
                while time.monotonic() < deadline:
                    time.sleep(0.02)
                    os.kill(process, 0)
            os.kill(process, _KILL)
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._pool = self._ready = None


class ProcessSlots:
    """Run evaluations in one slot for each entry of ``devices``.

    Args:
        evaluator: travels to each worker once, by pickle.
        devices: torch device of each slot; one named twice is shared, and each worker may use its part of the memory.
        limits: limits of each evaluation; a worker that ignores its deadline is killed soon after it.

    After any failure on a GPU the worker is replaced, because the error may have made the GPU unusable for its process,
    and every network after it would fail. Such an error may also reach other processes on the same GPU, so that an
    evaluation which loses a shared GPU is run once more while nothing else runs there. So is one that runs out of
    memory there, with all of the memory, and from then on one worker fewer shares that GPU.

    Raises:
        InputError: the evaluator cannot be pickled.
    """

    def __init__(self, evaluator: Evaluates, devices: Sequence[str], limits: Limits) -> None:
        _require_portable(evaluator)
        counts = Counter(devices)
        self._slots = [_Slot(evaluator, each, worker.Slots(len(devices), counts[each])) for each in devices]
        self._waiting: deque[_Waiting] = deque()
        self._alone: defaultdict[str, deque[_Waiting]] = defaultdict(deque)
        self._limits = limits

    @property
    def slots(self) -> int:
        """Return the number of workers, which becomes smaller where memory has run out on a GPU that they share."""
        return len(self._slots)

    def submit(self, number: int, task: Task) -> None:
        """Start an evaluation in a free slot, or as soon as its device is free for it."""
        self._waiting.append(_Waiting(number, task))
        self._start()

    def _start(self) -> None:
        """Start what can start."""
        for slot in self._slots:
            if slot.running is not None:
                continue
            others = [other.running for other in self._slots if other.device == slot.device and other.running]
            alone = self._alone[slot.device]
            if alone:
                if not others:
                    slot.submit(alone.popleft(), self._limits)
            elif self._waiting and not any(running.waiting.is_alone for running in others):
                slot.submit(self._waiting.popleft(), self._limits)

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
            self._start()
            for slot in self._slots:
                self._check_time(slot)
            tick({slot.running.number: slot.share.value for slot in self._slots if slot.running is not None})
        return done

    def close(self) -> None:
        """Kill every worker."""
        self._waiting.clear()
        self._alone.clear()
        for slot in self._slots:
            slot.kill()
            slot.running = None

    def _finish(self, slot: _Slot) -> tuple[int, Evaluation] | None:
        """Return the result of a slot whose future is done; None if the evaluation starts again."""
        running = slot.running
        assert running is not None
        slot.running = None
        try:
            outcome = running.future.result()
        except BrokenProcessPool:
            if slot.never_started():
                slot.kill()
                slot.submit(running.waiting, self._limits)
                return None
            slot.kill()
        except Exception as error:
            if guard.of_the_machine(error):
                raise
            # A worker turns what an evaluation raises into a result, so it is the result that could not travel.
            return running.number, Evaluation(Status.FAILED, reason=f"its result cannot leave the worker: {error}")
        else:
            if not outcome.is_reusable:
                slot.kill()
            if outcome.evaluation.status is Status.OUT_OF_MEMORY and self._has_room_alone(slot, running.waiting):
                return None
            if outcome.is_lost and slot.shares_context and self._tries_again(slot, running.waiting):
                return None
            return running.number, outcome.evaluation
        seconds = time.monotonic() - running.started
        if running.overdue:
            reason = f"it ran past its time limit of {self._limits.seconds:g} s and was killed"
            return running.number, Evaluation(Status.TIMEOUT, seconds=seconds, reason=reason)
        if self._tries_again(slot, running.waiting):
            return None
        reason = f"its worker was killed {ATTEMPTS} times; by the system, for want of memory?"
        return running.number, Evaluation(Status.FAILED, seconds=seconds, reason=reason)

    def _has_room_alone(self, slot: _Slot, waiting: _Waiting) -> bool:
        """Let what ran out of memory on a shared GPU run once more alone, and one worker fewer share it afterwards."""
        if waiting.is_alone or slot.started_with.on_device == 1 or not has_context(slot.device):
            return False
        slot.kill()
        sharing = slot.slots.on_device
        if sharing > 1:
            self._slots.remove(slot)
            for other in self._slots:
                other.slots = worker.Slots(len(self._slots), other.slots.on_device - (other.device == slot.device))
            _log.warning(
                "evaluation %d ran out of memory on %s, which %d workers shared: it runs once more alone, and %d share "
                "it from now on",
                *(waiting.number, slot.device, sharing, sharing - 1),
            )
        self._alone[slot.device].append(replace(waiting, is_alone=True))
        return True

    def _tries_again(self, slot: _Slot, lost: _Waiting) -> bool:
        """Start an evaluation that lost its worker once more, unless this was its last attempt."""
        if lost.attempt == ATTEMPTS:
            return False
        again = replace(lost, attempt=lost.attempt + 1, is_alone=slot.shares_context)
        if again.is_alone:
            self._alone[slot.device].append(again)
        else:
            slot.submit(again, self._limits)
        return True

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
