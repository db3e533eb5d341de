"""Replay known results to an NNI strategy, and collect what it requests next."""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from rnas._typing import Integers
from rnas.nas.nni._library import ExecutableModelSpace, ExecutionEngine, FinalMetricEvent, ModelStatus, TrainingEndEvent
from rnas.nas.nni.samples import genome_of, sample_of
from rnas.nas.space import SearchSpace

PATIENCE = 200
"""Largest number of models in a row without a new network that a strategy may submit."""


class ReplayEngine(ExecutionEngine):  # type: ignore[misc]
    """NNI execution engine that answers models from earlier proposals, in their order, and collects further requests.

    The first model with a new network is proposal 0, the next is proposal 1, and so on. A strategy in the same state
    requests the same networks again; if a proposal has another network, the model gets that network. Results are
    reported at the same time as in the search: before the strategy is asked for proposal ``i``, those of the first
    ``told[i]`` proposals are reported. Repeated requests are answered once their result is reported.

    Args:
        space: search space of the genomes.
        possible: function that returns whether a genome (v,) can be evaluated; others are reported as failed.
        proposed: (p, v) genomes in the order of their proposal; those without a result are last.
        scores: (r,) scores of the results, r <= p; larger is better, NaN is reported as a failure without a metric.
        told: (p,) number of results that were known when each was proposed.
        wanted: number of further genomes to collect.

    Attributes:
        found: new genomes (v,) that the strategy requested; at most ``wanted``.
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
        """Return True: no model ever runs."""
        return True

    def budget_available(self) -> bool:
        """Return whether the strategy may continue: too few genomes are found and new ones still come."""
        return not self._ended and len(self.found) < self._wanted

    def wait_models(self, *models: ExecutableModelSpace) -> None:
        """Return at once: a model without a result gets none in this replay."""

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
        """Answer a model if it needs no evaluation; return whether it was answered."""
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
        """Report the results that were known when the next proposal was made."""
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
    """Silence NNI's log, which goes to the standard output, where results belong."""
    log = logging.getLogger("nni")
    level = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        log.setLevel(level)
