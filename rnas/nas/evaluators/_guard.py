"""Turn whatever happens during an evaluation into a result."""

import json
import math
import time
from collections.abc import Mapping
from dataclasses import replace
from itertools import chain
from numbers import Real
from typing import Any

from rnas.errors import (
    ChangedInputError,
    DeadlineExceededError,
    DeviceLostError,
    DivergedError,
    LedgerError,
    error_text,
)
from rnas.experiment import require_same
from rnas.nas.evaluators.evaluator import Context, Evaluates, Evaluation, Status, Task, inputs_of
from rnas.utils._devices import has_context, out_of_memory, release
from rnas.utils._text import one_line, shown
from rnas.utils.files import disk_is_full

_LONGEST_REASON = 300

LARGEST_METRIC = 1e30
"""Largest size of a metric's value. Sums of squares and volumes of larger ones would not be finite."""


def evaluate(evaluator: Evaluates, task: Task, context: Context, inputs: Mapping[str, str] | None = None) -> Evaluation:
    """Run an evaluator; every exception but an interrupt becomes a status with a reason of one line.

    An error that says nothing of the network is raised: the evaluation is done again when the search is resumed.

    Args:
        evaluator: runs the task.
        task: what to evaluate.
        context: where.
        inputs: what the evaluator read when the experiment was started, see :func:`inputs_of`; None is not checked.

    Raises:
        ChangedInputError: what the evaluator reads has changed since.
    """
    if inputs is not None:
        require_same(inputs, inputs_of(evaluator))
    evaluation = _evaluated(evaluator, task, context)
    if has_context(context.device):
        # Other processes need the memory, and the next network may need it in other pieces.
        release(context.device)
    return evaluation


def _evaluated(evaluator: Evaluates, task: Task, context: Context) -> Evaluation:
    started = time.perf_counter()
    try:
        return _checked(evaluator.evaluate(task, context))
    except (Exception, SystemExit) as error:
        if of_the_machine(error):
            raise
        status, reason = classified(error)
        return Evaluation(status, seconds=time.perf_counter() - started, reason=reason)


def of_the_machine(error: BaseException) -> bool:
    """Return whether an error says nothing of the network: a full disk, a damaged ledger, or files that changed."""
    return disk_is_full(error) or isinstance(error, LedgerError | ChangedInputError)


def classified(error: BaseException) -> tuple[Status, str]:
    """Return the status that an exception means, and one line that describes it."""
    text = error_text(error)
    status, reason = Status.FAILED, f"{type(error).__name__}: {text}"
    if isinstance(error, DeviceLostError):
        # What it advises is for the user's own process.
        reason = error.reason
    elif isinstance(error, DivergedError):
        status, reason = Status.DIVERGED, text
    elif isinstance(error, DeadlineExceededError):
        status, reason = Status.TIMEOUT, text
    elif out_of_memory(error):
        status, reason = Status.OUT_OF_MEMORY, text or "out of memory"
    lines = reason.strip().splitlines()
    return status, one_line(lines[0], _LONGEST_REASON) if lines else status.value


def _checked(evaluation: Evaluation) -> Evaluation:
    """Return the evaluation with values that a ledger can store; it is failed if a metric is not a finite number.

    Raises:
        TypeError, ValueError: it is not an Evaluation, or has values that are not JSON.
    """
    if not isinstance(evaluation, Evaluation):
        raise TypeError(f"the evaluator returned a {type(evaluation).__name__}, not an Evaluation")
    checked = replace(
        evaluation,
        status=Status(evaluation.status),
        metrics={str(name): metric_value(str(name), value) for name, value in evaluation.metrics.items()},
        curve=tuple(json.loads(json.dumps(list(evaluation.curve)))),
        provenance=json.loads(json.dumps(dict(evaluation.provenance))),
        seconds=float(evaluation.seconds),
        reason=one_line(str(evaluation.reason), _LONGEST_REASON),
    )
    if not 0 <= checked.seconds < math.inf:
        raise ValueError(f"the evaluator returned {checked.seconds:g} seconds, not a finite number of at least 0")
    for row in checked.curve:
        # A ledger refuses True and False, which Python counts as whole numbers, when it is read.
        if not isinstance(row, dict) or not all(type(value) in (int, float) for value in row.values()):
            raise TypeError(f"the evaluator returned a curve with {shown(row)}, not numbers by name")
    for name in {*checked.metrics, *chain.from_iterable(checked.curve)}:
        if not name.isprintable():
            raise ValueError(f"the evaluator returned a metric {shown(name)}, a name that cannot be printed")
    for name, value in checked.metrics.items():
        if checked.status is Status.COMPLETE and not abs(value) <= LARGEST_METRIC:
            size = f"{value:g}, beyond {LARGEST_METRIC:g}" if math.isfinite(value) else "not a finite number"
            return replace(checked, status=Status.FAILED, metrics={}, reason=f"metric {name!r} is {size}")
    return checked


def metric_value(name: str, value: Any) -> float:
    """Return the value of a metric, which may be a scalar of numpy or torch; raise TypeError if it is no number."""
    number = value.item() if getattr(value, "shape", None) == () else value
    if isinstance(number, bool) or not isinstance(number, Real):
        raise TypeError(f"metric {name!r} is {shown(value)}, not a number")
    return float(number)
