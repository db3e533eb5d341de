"""Test the rule of a search where it was not fitted: predict at other FLOPs, write that down, and then evaluate."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Self

from pydantic import BaseModel

from rnas.errors import InputError
from rnas.experiment import CONFIG, CostEstimate, EstimatedWork, Listener, given_settings
from rnas.nas._experiment_on_search import ExperimentOnSearch
from rnas.nas.evaluators.evaluator import Task
from rnas.nas.execution._local import measured_slots
from rnas.nas.ledger import Record
from rnas.nas.strategy import Problem
from rnas.scaling_rules._predict import predict_at_budgets
from rnas.scaling_rules._rule_test_settings import RuleTestSettings
from rnas.scaling_rules.observations import first_maximised
from rnas.scaling_rules.out_of_sample import RuleTestResult, measure, notes_of, problem_of, tasks_of
from rnas.scaling_rules.prediction import RulePrediction, written
from rnas.utils._yaml_files import checked
from rnas.utils.quantities import Band, pluralize


class RuleTest(ExperimentOnSearch[RuleTestSettings, RuleTestResult]):
    """Predict scores at budgets that a rule is not fitted on, and then evaluate there.

    The prediction is written to ``prediction-HASH.json`` when the directory is made, before anything is evaluated, and
    it never changes.
    """

    kind: ClassVar[str] = "rule-test"
    Settings: ClassVar[type[BaseModel]] = RuleTestSettings

    @classmethod
    def create(cls, settings: RuleTestSettings, path: Path | str | None = None) -> Self:
        """Make the directory of a new test, with its prediction. Nothing is evaluated yet.

        Raises:
            InputError: too few evaluations to fit, no network at a budget, or the directory exists.
        """
        earlier = len(list(settings.search.glob(f"{cls.kind}-*/{CONFIG}")))
        return super().create(settings.model_copy(update={"earlier_tests": earlier}), path)

    @cached_property
    def prediction(self) -> RulePrediction:
        """Return what the rule predicts: as it was written, or before the directory is made, as it will be.

        Raises:
            InputError: the file is gone or was changed, or nothing can be predicted.
        """
        settings = self.settings
        if not self.config.exists():
            return self._predicted()
        kept = written(self.path)
        if kept is None:
            raise InputError(f"{self.path} holds no prediction: restore the file from a copy")
        if not kept.asks(settings.flops, settings.fit, self._seeds, settings.metric or kept.metric):
            raise InputError(f"{self.path / kept.file_name} does not answer {self.config}: restore both from a copy")
        return kept

    @property
    def _seeds(self) -> int:
        return 1 if self.search.recorded.evaluator.instant else self.settings.seeds

    def _predicted(self) -> RulePrediction:
        settings = self.settings
        result = self.search.result()
        first = self.search.recorded.config.seed + 1
        seeds = tuple(range(first, first + self._seeds))
        return predict_at_budgets(
            result, settings.flops, settings.fit, seeds, settings.metric or first_maximised(result)
        )

    def _check(self) -> None:
        super()._check()
        _ = self.prediction

    def _fill(self, folder: Path) -> None:
        super()._fill(folder)
        self.prediction.write(folder)

    @property
    def _decisive(self) -> str:
        return self.prediction.hash

    def _tasks(self) -> list[Task]:
        return tasks_of(self.search.recorded, self.prediction)

    def _problem(self) -> Problem:
        return problem_of(self.search.setup, self.prediction)

    def _result(self, tasks: Sequence[Task], records: Sequence[Record]) -> RuleTestResult:
        notes = notes_of(self.search.recorded)
        earlier = self.settings.earlier_tests
        if earlier:
            notes.append(
                f"This search had {pluralize(earlier, 'test')} of its rule before this one; those who chose "
                "the budgets may have known their results."
            )
        return measure(self.prediction, records, notes)

    def estimate(self, workers: int | None = None) -> CostEstimate:
        """Measure an evaluation of each candidate; see :meth:`Experiment.estimate`."""
        setup = self.search.setup
        config = setup.config
        places = measured_slots(setup.workers if workers is None else workers, config.device, config.ray)
        seeds = len(self.prediction.seeds)
        networks = {c.key: c for budget in self.prediction.budgets for c in budget.candidates}
        work = tuple(
            EstimatedWork(
                f"evaluation of {one.name} ({key})",
                seeds,
                (measured := setup.estimate(one.network, places[0])).seconds,
                measured.memory,
                {"flops": float(one.flops)},
            )
            for key, one in networks.items()
        )
        return CostEstimate(work, tuple(places))


def test_rule(
    search: Path | str,
    flops: int | str | Sequence[int | str],
    *,
    fit: Band | str | None = None,
    seeds: int = 5,
    metric: str | None = None,
    output: Path | str | None = None,
    workers: int | None = None,
    listener: Listener | Sequence[Listener] | None = None,
) -> RuleTestResult:
    """Predict scores at budgets that the rule of a search is not fitted on, and then evaluate there.

    Args:
        search: directory of a search over residual networks.
        flops: one budget or several, such as ``("4M", "8M")``.
        fit: band of FLOPs to fit on, such as ``"1M:3M"``; None is all that is not within 5 % of a tested budget.
        seeds: evaluations of each network, none with the search's own seed; one where results are looked up.
        metric: the score; None is the first objective that is maximised.
        output: directory of the test; None is the first free ``SEARCH/rule-test-<n>``.
        workers: evaluations at once; None is the search's own number.
        listener: learns of progress; there may be several.

    Raises:
        InputError: too few evaluations to fit, no network at a budget, or the directory exists.
    """
    settings = checked(RuleTestSettings, given_settings(locals()), "test-rule")
    return RuleTest.create(settings, output).run(listener, workers=workers)
