"""The study: what is asked, what stops a trial, and what each ending becomes."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from optuna.storages import InMemoryStorage
from optuna.trial import TrialState

from rnas.errors import InputError
from rnas.experiments.tuning._study import TuningStudy, result_of
from rnas.experiments.tuning.settings import TuningSettings
from rnas.nas.evaluators.evaluator import Evaluation, Status
from tests.rnas.experiments.tuning.tunings import settings


@pytest.fixture
def long(tmp_path: Path) -> TuningSettings:
    """Of 12 epochs, with the median pruner."""
    return settings(fidelity={"epochs": 12, "batch_size": 40}, pruner="median")


@pytest.fixture
def study(long: TuningSettings) -> Iterator[TuningStudy]:
    return TuningStudy(InMemoryStorage(), long)


def finish(study: TuningStudy, accuracies: Sequence[float]) -> int:
    """Run a trial of these accuracies to its end, or to where it is stopped."""
    number = study.ask().number
    curve = []
    for epoch, accuracy in enumerate(accuracies, 1):
        curve.append({"epoch": epoch, "val_robust_accuracy": accuracy})
        if study.report(number, epoch, accuracy):
            break
    study.tell(number, Evaluation(Status.COMPLETE, {}, tuple(curve), 1.0, {"pruned": len(curve) < len(accuracies)}))
    return len(curve)


def test_the_first_trial_is_the_recipe_and_is_never_stopped(study: TuningStudy, long: TuningSettings) -> None:
    assert study.ask().params == long.published == {"learning_rate": 0.1, "weight_decay": 0.0005}
    assert not any(study.report(0, epoch, 0.0) for epoch in range(1, 13))
    assert study.ask().params != long.published


def test_the_median_stops_what_is_worse_from_a_quarter_on(study: TuningStudy) -> None:
    for _ in range(5):
        assert finish(study, [0.5] * 12) == 12
    assert finish(study, [0.1] * 12) == 4
    assert finish(study, [0.6] * 12) == 12
    assert [t.state for t in study.trials[5:]] == [TrialState.PRUNED, TrialState.COMPLETE]


def test_a_trial_that_is_trained_again_is_judged_by_what_it_has_reached(study: TuningStudy) -> None:
    for _ in range(5):
        finish(study, [0.5] * 12)
    number = study.ask().number
    for epoch in range(1, 9):
        study.report(number, epoch, 0.1)
    assert not study.report(number, 1, 0.1)


def test_a_trial_has_the_value_of_its_best_epoch(study: TuningStudy) -> None:
    finish(study, [0.1, 0.4, *[0.2] * 10])
    assert study.trials[0].value == 0.4


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (Status.DIVERGED, TrialState.PRUNED),
        (Status.OUT_OF_MEMORY, TrialState.FAIL),
        (Status.FAILED, TrialState.FAIL),
    ],
)
def test_failures_have_no_value(study: TuningStudy, status: Status, state: TrialState) -> None:
    trial = study.tell(study.ask().number, Evaluation(status, reason="so"))
    assert (trial.state, trial.value, result_of(trial)["reason"]) == (state, None, "so")


def test_it_is_of_one_tuning_for_life(long: TuningSettings) -> None:
    storage = InMemoryStorage()
    study = TuningStudy(storage, long)
    study.ask()
    longer = long.model_copy(update={"trials": 9})
    assert len(TuningStudy(storage, longer).trials) == 1
    with pytest.raises(InputError, match="was changed after the tuning was started"):
        TuningStudy(storage, TuningSettings.model_validate({**long.model_dump(), "pruner": "none"}))


def test_suggestions_follow_from_what_the_study_holds(long: TuningSettings) -> None:
    def suggested() -> list[dict[str, object]]:
        study = TuningStudy(InMemoryStorage(), long)
        for accuracy in (0.1, 0.3, 0.2):
            finish(study, [accuracy] * 12)
        return [trial.params for trial in study.trials]

    first = suggested()
    assert first == suggested()
    assert len({str(parameters) for parameters in first}) == 3


def test_a_result_that_was_written_before_a_kill_closes_its_trial(long: TuningSettings) -> None:
    storage = InMemoryStorage()
    study = TuningStudy(storage, long)
    trial = study.ask()
    evaluation = {"status": "complete", "reason": "", "seconds": 1.0, "pruned": False}
    epoch = {"epoch": 1, "loss": 1.5, "train_robust_accuracy": 0.3, "learning_rate": 0.1, "seconds": 1.0}
    val = {"val_clean_accuracy": 0.5, "val_robust_accuracy": 0.25, "val_robust_margin": -1.0}
    curve = [{**epoch, **val}]
    storage.set_trial_user_attr(trial._trial_id, "result", {**evaluation, "curve": curve})
    study.close_finished_trials()
    assert (study.trials[0].state, study.trials[0].value) == (TrialState.COMPLETE, 0.25)
