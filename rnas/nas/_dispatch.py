"""Evaluate the proposals of a ledger, and record each result in it."""

import time
from collections import deque
from collections.abc import Callable, Iterable

from rnas.experiment import Listener
from rnas.nas._problem import with_known
from rnas.nas.evaluators.costs import costs_of, with_first_measured
from rnas.nas.evaluators.evaluator import Status, Task
from rnas.nas.execution.executor import Executor
from rnas.nas.ledger import Ledger, Record
from rnas.nas.strategy import Problem


def dispatch(
    numbers: Iterable[int],
    problem: Problem,
    ledger: Ledger,
    executor: Executor,
    listener: Listener,
    until: float,
    more: Callable[[], Iterable[int]] = tuple,
) -> None:
    """Keep all slots busy until nothing waits, and record each result as it comes.

    Args:
        numbers: numbers of proposals without a result, in the order in which they are started.
        problem: problem whose known metrics are added to the evaluations.
        ledger: ledger that has the proposals, and receives the results.
        executor: executor of the evaluations; nothing else runs in it.
        listener: learns of results and progress.
        until: ``time.monotonic()`` after which nothing new is started; what runs is waited for.
        more: writes further proposals and gives their numbers; asked before the first evaluation is started, and again
            whenever results are in.
    """
    waiting = deque(numbers)
    running: set[int] = set()
    first = not any(record.complete for record in ledger.records)

    def tick(shares: dict[int, float]) -> None:
        listener.progress({label(ledger[number]): share for number, share in shares.items()})

    while True:
        if time.monotonic() < until:
            waiting += more()
            while waiting and len(running) < executor.slots:
                number = waiting.popleft()
                record = ledger[number]
                executor.submit(number, Task(record.architecture, record.seed, record.fidelity))
                running.add(number)
        if not running:
            return
        for number, evaluation in executor.wait(tick):
            running.discard(number)
            record = ledger[number]
            if costs_of(evaluation):
                others = [one.evaluation for one in ledger.records if one.key == record.key]
                evaluation = with_first_measured(evaluation, [one for one in others if one is not None])
            whole = with_known(problem, record.architecture, evaluation, first)
            first = first and whole.status is not Status.COMPLETE
            listener.recorded(ledger.record(number, whole))


def label(record: Record) -> str:
    """Return what an evaluation under way is called: its number in the ledger and its architecture's key."""
    return f"{record.number} {record.key}"


def numbered(label: str) -> int:
    """Return the number in the ledger of the evaluation that a label of :func:`label` names."""
    return int(label.partition(" ")[0])
