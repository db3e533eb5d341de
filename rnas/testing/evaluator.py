"""Test evaluators for conformance: inherit the class in a test module and create the evaluator."""

import pickle
from collections.abc import Sequence
from itertools import chain

import numpy as np

from rnas.nas.evaluators import _guard as guard
from rnas.nas.evaluators.evaluator import Context, Evaluation, Evaluator, Status, Task
from rnas.networks.architecture import Architecture


class EvaluatorConformance:
    """Test what every evaluator must do. A subclass overrides :meth:`make` and :meth:`architectures`."""

    def make(self) -> Evaluator:
        """Return the evaluator."""
        raise NotImplementedError

    def architectures(self) -> Sequence[Architecture]:
        """Return at least two different architectures that it can evaluate quickly."""
        raise NotImplementedError

    def evaluated(self, evaluator: Evaluator) -> list[Evaluation]:
        """Return an evaluation of each architecture."""
        return [guard.evaluate(evaluator, Task(a, seed=3), Context()) for a in self.architectures()]

    def test_it_has_all_parts_of_the_contract(self) -> None:
        """Test that it has every member of the contract, and the image format of its settings."""
        evaluator = self.make()
        assert isinstance(evaluator, Evaluator)
        shape, classes = evaluator.image_format(evaluator.settings)
        assert len(shape) == 3
        assert min(*shape, classes) > 0
        assert isinstance(evaluator.notes, Sequence)
        assert not isinstance(evaluator.notes, str)
        assert all(isinstance(note, str) for note in evaluator.notes)

    def test_settings_survive_a_config(self) -> None:
        """Test that its settings, as text, create the same evaluator."""
        settings = self.make().settings
        assert type(settings).model_validate(settings.model_dump(mode="json")) == settings

    def test_metrics_are_numbers_within_their_bounds(self) -> None:
        """Test that every evaluation is complete, with the same metrics and within their bounds."""
        evaluator = self.make()
        evaluations = self.evaluated(evaluator)
        for evaluation in evaluations:
            assert evaluation.status is Status.COMPLETE, evaluation.reason
            assert evaluation.metrics.keys() == evaluations[0].metrics.keys() != set()
            for name, value in evaluation.metrics.items():
                assert isinstance(value, float)
                assert np.isfinite(value)
                low, high = evaluator.bounds.get(name, (-np.inf, np.inf))
                assert low <= value <= high, name

    def test_bounds_are_of_metrics_that_there_are(self) -> None:
        """Test that each bound belongs to a metric, and that its least value is not above its greatest."""
        evaluator = self.make()
        given = set(self.evaluated(evaluator)[0].metrics)
        given.update(evaluator.known(self.architectures())[0])
        assert evaluator.bounds.keys() <= given
        assert all(low <= high for low, high in evaluator.bounds.values())

    def test_equal_tasks_give_equal_metrics(self) -> None:
        """Test equal tasks again, in another order, and with the copy that a worker process receives."""
        evaluator = self.make()
        metrics = [evaluation.metrics for evaluation in self.evaluated(evaluator)]
        assert [evaluation.metrics for evaluation in self.evaluated(evaluator)] == metrics
        copy: Evaluator = pickle.loads(pickle.dumps(evaluator))
        tasks = [Task(architecture, seed=3) for architecture in self.architectures()]
        assert [guard.evaluate(copy, task, Context()).metrics for task in tasks[::-1]] == metrics[::-1]

    def test_known_metrics_are_those_of_the_evaluation(self) -> None:
        """Test that known metrics have the same names for all architectures, alone or together."""
        evaluator = self.make()
        architectures = self.architectures()
        known = evaluator.known(architectures)
        assert known == list(chain.from_iterable(evaluator.known([architecture]) for architecture in architectures))
        assert evaluator.known([]) == []
        for metrics, evaluation in zip(known, self.evaluated(evaluator), strict=True):
            assert metrics.keys() == known[0].keys()
            assert {name: evaluation.metrics.get(name, value) for name, value in metrics.items()} == metrics

    def test_an_estimate_is_a_time(self) -> None:
        """Test that an estimate is in seconds, and in bytes if memory was measured."""
        estimate = self.make().estimate(Task(self.architectures()[0], seed=0), Context())
        assert 0 <= estimate.seconds < 3600
        assert estimate.memory is None or estimate.memory > 0
