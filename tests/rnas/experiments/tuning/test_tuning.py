"""Tunings from Python: what comes of one, killed and resumed, several at once."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from rnas.errors import InputError, LedgerError
from rnas.experiment import Listener, resume
from rnas.experiments.training._evaluation import evaluate_val
from rnas.experiments.training.setup import Setup
from rnas.experiments.tuning.tuning import Tuning
from rnas.training.recipe import Recipe
from tests.rnas.experiments.training.trainings import timeless
from tests.rnas.experiments.tuning.tunings import tuned


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A tuning that ran through, of 5 trials."""
    return tuned(tmp_path_factory.mktemp("tunings") / "whole")


def test_its_summary_tells_what_was_found(whole: Any) -> None:
    summary, settings = whole.summary, whole.settings
    rows = summary["trials"]
    assert [row["number"] for row in rows] == list(range(5))
    assert {row["state"] for row in rows} <= {"complete", "diverged"}
    values = [row["value"] for row in rows]
    assert values[summary["best"]] == max(value for value in values if value is not None)
    assert summary["comparison"]["difference"] == values[summary["best"]] - values[0]
    assert rows[0]["parameters"] == settings.published
    best = rows[summary["best"]]["parameters"]
    recipe = Recipe.resolve(yaml.safe_load((whole.path / "recipe.yaml").read_text()))
    assert recipe == settings.trial(best).recipe == Recipe.resolve(summary["config"]["recipe"])


def test_a_trial_is_an_ordinary_training_measured_on_val_images(whole: Any) -> None:
    row = whole.summary["trials"][1]
    setup = Setup.of(whole.settings.trial(row["parameters"]))
    training = setup.trainer()
    curve = [{**point, **evaluate_val(setup, training.result)} for point in training.epochs()]
    assert timeless(curve) == timeless(row["curve"])


class Stop(Listener):
    """Interrupts at the n-th word."""

    def __init__(self, after: int) -> None:
        self.left = after

    def progress(self, shares: Any) -> None:
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt

    def recorded(self, record: Any) -> None:
        self.progress({})


@pytest.mark.parametrize("after", [1, pytest.param(9, marks=pytest.mark.slow), 16])
def test_interrupted_and_resumed_it_is_the_one_that_was_not(whole: Any, tmp_path: Path, after: int) -> None:
    path = tmp_path / "killed"
    with pytest.raises(KeyboardInterrupt):
        tuned(path, listener=Stop(after))
    resumed = resume(path)
    assert timeless(resumed.summary) == timeless(whole.summary)


def test_it_is_extended(tmp_path: Path) -> None:
    path = tmp_path / "run"
    first = tuned(path, trials=1)
    assert first.summary["importance"] is None
    longer = resume(path, trials=2)
    assert longer.summary["trials"][0] == first.summary["trials"][0]
    assert repr(longer) == f"<TuningResult {path}: 2 trials, best: trial {longer.summary['best']}>"
    assert len(longer.summary["trials"]) == Tuning.open(path).settings.trials == 2
    assert resume(path).summary == longer.summary
    with pytest.raises(InputError, match=r"trials: .* has 2 already; give 2 or more, not 1"):
        resume(path, trials=1)
    (path / "ledger.db").unlink()
    with pytest.raises(LedgerError, match="is gone"):
        resume(path)


def test_a_trial_that_diverges_is_a_bad_one(tmp_path: Path) -> None:
    run = tuned(tmp_path / "run", trials=2, space={"learning_rate": "1e37,1e38"})
    rows = run.summary["trials"]
    assert (rows[0]["state"], rows[0]["parameters"]) == ("complete", {})
    assert (rows[1]["state"], rows[1]["value"]) == ("diverged", None)
    assert "not finite" in rows[1]["reason"]
    assert run.summary["best"] == 0


def test_a_recipe_without_attack_is_tuned_by_clean_accuracy(tmp_path: Path) -> None:
    run = tuned(tmp_path / "run", recipe="standard", trials=1)
    assert run.summary["val"]["metric"] == "clean_accuracy"
    assert run.summary["trials"][0]["value"] == run.summary["trials"][0]["clean_accuracy"]


@pytest.mark.slow
def test_several_at_once_and_pruned(tmp_path: Path) -> None:
    run = tuned(tmp_path / "run", trials=14, workers=2, epochs=6, pruner="hyperband")
    rows = run.summary["trials"]
    assert {row["state"] for row in rows} >= {"complete", "pruned"}
    assert all(row["epochs_done"] < 6 for row in rows if row["state"] == "pruned")
    assert sum(run.summary["importance"].values()) == pytest.approx(1) if run.summary["importance"] else True
    assert rows[0]["state"] == "complete"
