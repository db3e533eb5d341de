"""Evaluate tasks that are all known beforehand, each once, on a ledger."""

from collections.abc import Mapping, Sequence
from typing import Any

from rnas.experiment import Listener, Work
from rnas.nas._dispatch import dispatch
from rnas.nas.evaluators.evaluator import Task
from rnas.nas.execution.executor import Executor
from rnas.nas.ledger import Ledger, Record
from rnas.nas.strategy import Problem
from rnas.networks import architecture as arch
from rnas.utils.provenance import json_hash

Identity = tuple[str, int, str]


def evaluate_all(
    tasks: Sequence[Task],
    problem: Problem,
    ledger: Ledger,
    executor: Executor,
    listener: Listener | None = None,
    until: float = float("inf"),
) -> tuple[Record, ...]:
    """Evaluate what the ledger does not hold yet; the record of each task, in the order of the tasks.

    Killed and called again it resumes, and tasks may be added later: what has a result is not evaluated again.

    Args:
        tasks: what to evaluate; equal ones are evaluated once.
        problem: problem whose objectives every evaluation has to give, and whose space has the architectures.
        ledger: ledger that has earlier results and receives the new ones.
        executor: executor of the evaluations.
        listener: learns of progress.
        until: ``time.monotonic()`` after which nothing new is started; records may then lack their results.
    """
    listener = listener or Listener()
    known = {_identity(record.architecture, record.seed, record.fidelity): record.number for record in ledger.records}
    for task in tasks:
        identity = _identity(task.architecture, task.seed, task.fidelity)
        if identity not in known:
            record = _record(len(ledger), task, problem)
            ledger.propose(record, problem.space.all_variables)
            listener.proposed(record)
            known[identity] = record.number
    numbers = [known[_identity(task.architecture, task.seed, task.fidelity)] for task in tasks]
    waiting = [number for number in dict.fromkeys(numbers) if ledger.records[number].evaluation is None]
    dispatch(waiting, problem, ledger, executor, listener, until)
    return tuple(ledger.records[number] for number in numbers)


def recorded(tasks: Sequence[Task], ledger: Ledger) -> tuple[Record | None, ...]:
    """Return the record of each task whose result the ledger holds, and None of each other."""
    known = {
        _identity(record.architecture, record.seed, record.fidelity): record
        for record in ledger.records
        if record.evaluation is not None
    }
    return tuple(known.get(_identity(task.architecture, task.seed, task.fidelity)) for task in tasks)


def work_on(tasks: Sequence[Task], ledger: Ledger, slots: int, phase: str = "") -> Work:
    """Return how much there is to evaluate, equal tasks counted once, and how much of it is done."""
    unique = {_identity(task.architecture, task.seed, task.fidelity): task for task in tasks}
    done = [record for record in recorded(list(unique.values()), ledger) if record is not None]
    return Work("evaluation", len(unique), len(done), slots, phase, done)


def _identity(architecture: arch.Architecture, seed: int, fidelity: Mapping[str, Any]) -> Identity:
    return arch.key(architecture), seed, json_hash(dict(fidelity))


def _record(number: int, task: Task, problem: Problem) -> Record:
    return Record(
        number=number,
        key=arch.key(task.architecture),
        architecture=task.architecture,
        seed=task.seed,
        fidelity=task.fidelity,
        batch=0,
        num_observed=0,
        parameters=problem.space.parameters(task.architecture),
    )
