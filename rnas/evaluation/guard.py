"""Turning whatever happens during an evaluation into a result."""

import math
import time

import torch

from rnas.errors import DeadlineExceededError, DivergedError
from rnas.evaluation.evaluator import Context, Evaluation, Evaluator, Status, Task


def evaluate(evaluator: Evaluator, task: Task, context: Context) -> Evaluation:
    """Run an evaluator; every exception but an interrupt becomes a status with a reason of one line."""
    started = time.perf_counter()
    try:
        return _checked(evaluator.evaluate(task, context))
    except DivergedError as error:
        status, reason = Status.DIVERGED, str(error)
    except DeadlineExceededError as error:
        status, reason = Status.TIMEOUT, str(error)
    except (MemoryError, torch.OutOfMemoryError) as error:
        status, reason = Status.OUT_OF_MEMORY, str(error) or "out of memory"
    except Exception as error:
        # The CPU allocator has no exception class of its own.
        memory = isinstance(error, RuntimeError) and "can't allocate memory" in str(error)
        status = Status.OUT_OF_MEMORY if memory else Status.FAILED
        reason = f"{type(error).__name__}: {error}"
    lines = reason.strip().splitlines()
    return Evaluation(status, seconds=time.perf_counter() - started, reason=lines[0][:300] if lines else status)


def _checked(evaluation: Evaluation) -> Evaluation:
    """The evaluation, failed if it calls itself complete with a metric that is not a finite number."""
    if evaluation.status is not Status.COMPLETE:
        return evaluation
    wrong = [name for name, value in evaluation.metrics.items() if not math.isfinite(value)]
    if not wrong:
        return evaluation
    return Evaluation(
        Status.FAILED,
        curve=evaluation.curve,
        seconds=evaluation.seconds,
        provenance=evaluation.provenance,
        reason=f"metric {wrong[0]!r} is not a finite number",
    )
