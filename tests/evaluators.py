"""Evaluators that misbehave on demand, importable by worker processes."""

import os
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch

from rnas.errors import DeadlineExceededError, DivergedError
from rnas.nas.evaluators.evaluator import Context, Evaluation, EvaluationEstimate, Rung, Status, Task
from rnas.networks.architecture import Architecture


def kill_self(_task: Task, _context: Context) -> float:
    os.kill(os.getpid(), signal.SIGKILL)
    return 0.0


def diverge(_task: Task, _context: Context) -> float:
    raise DivergedError("the training loss is not finite")


def take_all_memory(_task: Task, _context: Context) -> float:
    return float(torch.empty(10**15).sum())


def sleep_past_deadline(_task: Task, context: Context) -> float:
    while context.deadline is None or time.monotonic() < context.deadline:
        time.sleep(0.01)
    raise DeadlineExceededError("its time limit was reached")


def sleep_deaf(_task: Task, _context: Context) -> float:
    time.sleep(600)
    return 0.0


def not_a_number(_task: Task, _context: Context) -> float:
    return float("nan")


def fault(_task: Task, _context: Context) -> float:
    raise ValueError("a fault\nof two lines")


def leave(_task: Task, _context: Context) -> float:
    raise SystemExit(3)


BEHAVIOURS = {
    function.__name__: function
    for function in (kill_self, diverge, take_all_memory, sleep_past_deadline, sleep_deaf, not_a_number, fault, leave)
}


@dataclass(frozen=True)
class Scripted:
    """Scores an architecture by its total depth; the first stage's channels choose what happens instead.

    Attributes:
        script: behaviour by channels of the first stage.
        folder: where every attempt leaves a file, or None.
        once: behave so only at the first attempt.
        seconds: that a well-behaved evaluation takes.
    """

    script: Mapping[int, str]
    folder: Path | None = None
    once: bool = False
    seconds: float = 0.0

    instant = False
    bounds: ClassVar[Mapping[str, tuple[float, float]]] = {}
    rungs: ClassVar[tuple[Rung, ...]] = (Rung(),)
    notes = ()

    def evaluate(self, task: Task, context: Context) -> Evaluation:
        channels = task.architecture.channels[0]
        attempt = 0
        if self.folder is not None:
            while (self.folder / f"{channels}-{attempt}").exists():
                attempt += 1
            (self.folder / f"{channels}-{attempt}").touch()
        behaviour = self.script.get(channels)
        context.progress(0.5)
        if behaviour is not None and not (self.once and attempt > 0):
            value = BEHAVIOURS[behaviour](task, context)
            return Evaluation(Status.COMPLETE, {"score": value})
        time.sleep(self.seconds)
        value = sum(task.architecture.depths) + task.seed / 10
        return Evaluation(Status.COMPLETE, {"score": value}, provenance={"threads": torch.get_num_threads()})

    def known(self, architectures: Sequence[Architecture]) -> list[dict[str, float]]:
        return [{} for _ in architectures]

    def estimate(self, task: Task, context: Context) -> EvaluationEstimate:
        return EvaluationEstimate(self.seconds)


def as_task(channels: int, seed: int = 0, **fidelity: Any) -> Task:
    from rnas.networks.residual import ResidualNetwork

    return Task(ResidualNetwork(depths=(1, 1, 1), channels=(channels, 16, 16)), seed, fidelity)
