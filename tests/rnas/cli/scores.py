"""Evaluators of a user's own."""

import time

import torch

from rnas.errors import DeadlineExceededError, DivergedError
from rnas.nas.evaluators.evaluator import Context, Task


def total_depth(task: Task, context: Context) -> dict[str, float]:
    """The deeper the better."""
    return {"score": float(sum(task.architecture.depths))}


def zeroized(task: Task, context: Context) -> dict[str, float]:
    """Count the operations of a cell that are the first one, ``none``."""
    return {"score": float(sum(operation == 0 for operation in task.architecture.operations))}


def slow(task: Task, context: Context) -> dict[str, float]:
    """The same, after a while."""
    time.sleep(0.1)
    return total_depth(task, context)


def troubled(task: Task, context: Context) -> dict[str, float]:
    """Every trouble there is, by the total depth."""
    trouble = sum(task.architecture.depths) % 5
    if trouble == 0:
        raise DivergedError("the training loss is not finite")
    if trouble == 1:
        torch.empty(10**15)
    if trouble == 2:
        while time.monotonic() < context.deadline:
            time.sleep(0.01)
        raise DeadlineExceededError("its time limit was reached")
    if trouble == 3:
        return {"score": float("nan")}
    return total_depth(task, context)


def hostile(task: Task, context: Context) -> dict[str, float]:
    """Fail with a text that looks like markup and cannot be encoded."""
    raise ValueError("cannot open [/data/x] in layer [conv1] \udcff \x1b[2J")


def nothing(task: Task, context: Context) -> dict[str, float]:
    """Fail always."""
    raise ValueError("no score")
