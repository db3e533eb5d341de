"""An execution engine of NNI that knows the results beforehand, and stops a strategy where they end."""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from rnas.nas.nni.library import ExecutableModelSpace, ExecutionEngine, FinalMetricEvent, ModelStatus, TrainingEndEvent
from rnas.nas.nni.samples import genome_of, sample_of
from rnas.nas.space import SearchSpace
from rnas.networks.cost import Integers

PATIENCE = 200
"""Models without a new network that a strategy may submit one after the other."""


class ReplayEngine(ExecutionEngine):  # type: ignore[misc]
    """Answers a strategy's models from what was proposed before, in that order, and collects what it asks beyond.

    The first model with a new network is proposal 0, the next proposal 1, and so on. A strategy in the state that it
    had asks for the networks that it asked for; where a proposal is of another network, the model is made that
    network's. Results are told when they were known: before the strategy is asked for proposal ``i``, those of the
    first ``told[i]`` proposals have been. Networks asked for again are answered with their result once that is told.

    Args:
        space: of the genomes.
        possible: whether a genome (v,) can be evaluated; one that cannot is told as failed.
        proposed: (p, v) genomes in the order of their proposal, those without a result last.
        scores: (r,) of the results, r <= p; larger is better, NaN is told as a failure without a metric.
        told: (p,) how many results were known when each was proposed.
        wanted: how many more genomes to collect.

    Attributes:
        found: genomes (v,) that the strategy asked for, none of them proposed before; at most ``wanted``.
    """

    def __init__(
        self,
        space: SearchSpace,
        possible: Callable[[Integers], bool],
        proposed: Integers,
        scores: NDArray[np.float64],
        told: Sequence[int],
        wanted: int,
    ) -> None:
        super().__init__()
        self.found: list[Integers] = []
        self._space = space
        self._possible = possible
        self._proposed = proposed
        self._scores = scores
        self._told = told
        self._wanted = wanted
        self._number_of: dict[bytes, int] = {}
        self._delivered = 0
        self._waiting: defaultdict[int, list[ExecutableModelSpace]] = defaultdict(list)
        self._in_vain = 0
        self._ended = False
        self._tell()

    def idle_worker_available(self) -> bool:
        """Always: nothing runs."""
        return True

    def budget_available(self) -> bool:
        """Until enough is found, or nothing new comes."""
        return not self._ended and len(self.found) < self._wanted

    def wait_models(self, *models: ExecutableModelSpace) -> None:
        """At once: what has no result yet has none in this replay."""

    def submit_models(self, *models: ExecutableModelSpace) -> None:
        """Answer models, or collect their genomes."""
        for model in models:
            if self.budget_available():
                self._submit(model)

    def _submit(self, model: ExecutableModelSpace) -> None:
        model.status = ModelStatus.Training
        number = len(self._number_of)
        replayed = number < len(self._proposed)
        genome = genome_of(self._space, model.sample)
        if not (replayed and np.array_equal(genome, self._proposed[number])):
            if self._in_vain < PATIENCE:
                if self._answer_at_once(genome, model):
                    self._in_vain += 1
                    return
            elif not replayed:
                self._ended = True
                return
            if replayed:
                genome = self._proposed[number]
                model.sample = sample_of(self._space, genome)
        self._in_vain = 0
        self._number_of[genome.tobytes()] = number
        self._waiting[number].append(model)
        if not replayed:
            self.found.append(genome)
        self._tell()

    def _answer_at_once(self, genome: Integers, model: ExecutableModelSpace) -> bool:
        """Deal with a model that needs no evaluation, if it is one."""
        earlier = self._number_of.get(genome.tobytes())
        if earlier is not None:
            if earlier < self._delivered:
                self._deliver(model, self._scores[earlier])
            else:
                self._waiting[earlier].append(model)
            return True
        if self._possible(genome):
            return False
        self._deliver(model, np.nan)
        return True

    def _tell(self) -> None:
        """Deliver what was known when the next proposal was made."""
        number = len(self._number_of)
        known = self._told[number] if number < len(self._told) else len(self._scores)
        for result in range(self._delivered, min(known, number, len(self._scores))):
            self._delivered = result + 1
            for model in self._waiting.pop(result):
                self._deliver(model, self._scores[result])

    def _deliver(self, model: ExecutableModelSpace, score: float) -> None:
        if np.isnan(score):
            self.dispatch_model_event(TrainingEndEvent(model, ModelStatus.Failed))
        else:
            self.dispatch_model_event(FinalMetricEvent(model, float(score)))
            self.dispatch_model_event(TrainingEndEvent(model, ModelStatus.Trained))


@contextmanager
def silence() -> Iterator[None]:
    """Nothing from NNI's log, which goes to the standard output, where results belong."""
    log = logging.getLogger("nni")
    level = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        log.setLevel(level)
