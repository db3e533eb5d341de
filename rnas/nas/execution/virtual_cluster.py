"""Run evaluations on a cluster that only exists as a clock: to see what a search would take on it."""

import heapq
import math
from collections.abc import Callable

import numpy as np

from rnas.nas.evaluators import _guard as guard
from rnas.nas.evaluators.evaluator import Context, Evaluates, Evaluation, Task
from rnas.nas.execution.cluster_model import ClusterModel
from rnas.networks.architecture import Shape
from rnas.utils._threads import one_thread


class VirtualCluster:
    """Evaluate at once, and give each result at the virtual time at which the cluster would have it.

    The time of an evaluation is proportional to its network's FLOPs, and has a random part that depends on the model's
    seed and on the number of the evaluation.

    Args:
        evaluator: runs the tasks, and must take no time to speak of.
        model: the cluster.
        flops: FLOPs of a network whose evaluation has the usual length.
        input_shape: shape (C, H, W) of an image.
        num_classes: number of classes.

    Attributes:
        now: virtual seconds since the start.
        lost: number of attempts that were lost.
        starts: the virtual time at which each evaluation began, by its number.
        ends: the virtual time of each result, in the order in which they came.
    """

    def __init__(
        self, evaluator: Evaluates, model: ClusterModel, flops: float, input_shape: Shape, num_classes: int
    ) -> None:
        self.slots = model.workers
        self.now = 0.0
        self.lost = 0
        self.starts: dict[int, float] = {}
        self.ends: dict[int, float] = {}
        self._evaluator = evaluator
        self._model = model
        self._flops = flops
        self._images = input_shape, num_classes
        self._running: list[tuple[float, int, Evaluation]] = []

    def submit(self, number: int, task: Task) -> None:
        """Start an evaluation now."""
        with one_thread("cpu"):
            evaluation = guard.evaluate(self._evaluator, task, Context())
        share = task.architecture.cost(*self._images).flops / self._flops
        seconds = self._seconds(number) * share
        self.starts[number] = self.now
        heapq.heappush(self._running, (self.now + seconds, number, evaluation))

    def _seconds(self, number: int) -> float:
        """Return the time of an evaluation of usual length, with all its attempts."""
        model = self._model
        rng = np.random.default_rng([model.seed, number])
        total = 0.0
        while True:
            seconds = model.seconds * math.exp(model.spread * rng.standard_normal() - model.spread**2 / 2)
            if rng.random() < model.stragglers:
                seconds *= model.slowness
            if rng.random() >= model.failures:
                return total + seconds
            self.lost += 1
            total += seconds * rng.random()

    def wait(self, tick: Callable[[dict[int, float]], None]) -> list[tuple[int, Evaluation]]:
        """Let the time pass until the next result."""
        if not self._running:
            return []
        self.now, number, evaluation = heapq.heappop(self._running)
        self.ends[number] = self.now
        return [(number, evaluation)]

    def utilisation(self, until: float) -> float:
        """Return the share of the time of all workers in which they evaluated, up to a virtual time."""
        busy = sum(min(end, until) - min(self.starts[number], until) for number, end in self.ends.items())
        return busy / (until * self.slots) if until else 1.0

    def close(self) -> None:
        """Forget what still runs."""
        self._running.clear()
