"""Test the engine that answers from a ledger, with a strategy that requests given networks."""

from typing import Any

import numpy as np
from nni.nas.execution.event import ModelEventType, TrainingEndEvent
from nni.nas.space import ModelStatus, SimplifiedModelSpace
from nni.nas.strategy import Strategy

from rnas.nas.nni import model_space, sample_of
from rnas.nas.nni._replay import PATIENCE, ReplayEngine
from tests.rnas.nas.nni.nas import cells

SPACE = cells()
GENOMES = SPACE.enumeration[::100][:40]
MODELS = SimplifiedModelSpace.from_model(model_space(SPACE))


class Asking(Strategy):  # type: ignore[misc]
    """Asks for genomes by number; notes before each what it has heard, as (number asked, score)."""

    def __init__(self, *numbers: int) -> None:
        super().__init__()
        self.numbers = numbers
        self.heard: list[tuple[Any, float | None]] = []
        self.heard_before: list[int] = []

    def _initialize(self, model_space: Any, engine: Any) -> Any:
        engine.register_model_event_callback(ModelEventType.TrainingEnd, self._hear)
        return model_space

    def _hear(self, event: TrainingEndEvent) -> None:
        [number] = [n for n, genome in enumerate(GENOMES) if sample_of(SPACE, genome) == event.model.sample]
        assert (event.status is ModelStatus.Failed) == (event.model.metric is None)
        self.heard.append((number, event.model.metric))

    def _run(self) -> None:
        for number in self.numbers:
            if not self.wait_for_resource():
                return
            self.heard_before.append(len(self.heard))
            self.engine.submit_models(self.model_space.freeze(sample_of(SPACE, GENOMES[number])))


def replayed(
    strategy: Asking, proposed: list[int], scores: list[float], told: list[int], wanted: int = 1, impossible: int = -1
) -> list[int]:
    """Numbers of what was found."""
    engine = ReplayEngine(
        space=SPACE,
        possible=lambda genome: not np.array_equal(genome, GENOMES[impossible]),
        proposed=GENOMES[proposed],
        scores=np.array(scores, dtype=float),
        told=told,
        wanted=wanted,
    )
    strategy(MODELS, engine)
    return [int(np.flatnonzero((genome == GENOMES).all(axis=1))[0]) for genome in engine.found]


def test_results_are_told_and_what_goes_beyond_is_found() -> None:
    strategy = Asking(3, 1, 7, 8, 9)
    assert replayed(strategy, [3, 1], [0.5, 0.25], [0, 1], wanted=2) == [7, 8]
    assert strategy.heard == [(3, 0.5), (1, 0.25)]


def test_results_are_told_when_they_were_known() -> None:
    strategy = Asking(0, 1, 2, 3, 4, 5, 6)
    assert replayed(strategy, [0, 1, 2, 3, 4], [0.0, 0.1, 0.2], [0, 0, 0, 2, 2], wanted=2) == [5, 6]
    assert strategy.heard_before == [0, 0, 0, 2, 2, 3, 3]


def test_failures_have_no_metric() -> None:
    strategy = Asking(0, 1, 2)
    replayed(strategy, [0, 1], [np.nan, 0.5], [0, 0])
    assert strategy.heard == [(0, None), (1, 0.5)]


def test_a_network_asked_for_again_is_answered_from_the_results() -> None:
    strategy = Asking(0, 0, 1, 0, 2, 2, 3)
    assert replayed(strategy, [0, 1], [0.5, 0.25], [0, 1], wanted=2) == [2, 3]
    assert strategy.heard == [(0, 0.5), (0, 0.5), (1, 0.25), (0, 0.5)]


def test_a_network_asked_for_again_while_it_was_pending_is_answered_when_it_is_known() -> None:
    strategy = Asking(0, 0, 1, 2)
    replayed(strategy, [0, 1], [0.5, 0.25], [0, 0])
    assert strategy.heard_before == [0, 0, 0, 3]
    assert strategy.heard == [(0, 0.5), (0, 0.5), (1, 0.25)]


def test_what_is_pending_is_told_nothing() -> None:
    strategy = Asking(0, 1, 2)
    assert replayed(strategy, [0, 1], [0.5], [0, 0]) == [2]
    assert strategy.heard == [(0, 0.5)]


def test_where_another_network_was_proposed_it_stands_for_the_one_asked_for() -> None:
    strategy = Asking(0, 1, 2, 3)
    assert replayed(strategy, [0, 8, 9], [0.5, 0.25, 0.1], [0, 1, 2]) == [3]
    assert strategy.heard == [(0, 0.5), (8, 0.25), (9, 0.1)]


def test_what_cannot_be_evaluated_fails_at_once() -> None:
    strategy = Asking(0, 5, 1, 5, 2)
    assert replayed(strategy, [0, 1], [0.5, 0.25], [0, 1], impossible=5) == [2]
    assert strategy.heard == [(0, 0.5), (5, None), (1, 0.25), (5, None)]


def test_a_strategy_that_repeats_itself_for_long_is_stopped() -> None:
    forever = [0] * (PATIENCE + 2)
    strategy = Asking(0, *forever, 1)
    assert replayed(strategy, [0], [0.5], [0]) == []
    assert len(strategy.heard_before) == 1 + PATIENCE + 1


def test_what_helped_out_is_told_in_its_place() -> None:
    strategy = Asking(0, *[0] * (PATIENCE + 1), 1)
    assert replayed(strategy, [0, 6], [0.5, 0.25], [0, 1]) == [1]
    assert strategy.heard[-1] == (6, 0.25)
