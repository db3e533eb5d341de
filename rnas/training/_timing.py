"""Time a few steps of a training, to estimate what the whole of it takes."""

import time
from contextlib import suppress
from itertools import pairwise
from statistics import median

import torch

from rnas.training.trainer import Trainer

TIMED_SECONDS = 5.0
"""Time that a measurement may take, if one step is not longer."""

_TIMED_STEPS = 8


class _EnoughError(Exception):
    """Stop a training that only had to be timed."""


def step_seconds(trainer: Trainer, epochs: int, device: str) -> float:
    """Return the median time of a step in the last epoch, which has all that a recipe begins later on.

    Args:
        trainer: a training before its first epoch, which is of no use afterwards.
        epochs: number of its epochs.
        device: a torch device.
    """
    trainer.epoch = epochs - 1
    moments: list[float] = []

    def check(_share: float) -> None:
        moments.append(now(device))
        if len(moments) > _TIMED_STEPS or moments[-1] - moments[0] > TIMED_SECONDS:
            raise _EnoughError

    with suppress(_EnoughError):
        for _ in trainer.epochs(check):
            pass
        moments.append(now(device))
    return median(after - before for before, after in pairwise(moments))


def now(device: str) -> float:
    """Return the time, in seconds, at which the device has done what it was given."""
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)
    return time.perf_counter()
