from pathlib import Path

import pytest

from rnas.experiment import Listener
from rnas.experiments.comparison._training import ComparedTraining
from rnas.experiments.comparison._tuning import SEED, chosen, tune_all, tuning_settings
from rnas.experiments.comparison.settings import ComparisonSettings
from tests.rnas.experiments.comparison.records import settings


@pytest.fixture
def tuning(tmp_path: Path) -> ComparisonSettings:
    return settings(tmp_path, tune=3, tune_epochs=2)


def test_all_networks_are_tuned_alike_and_apart_from_the_comparison(tuning: ComparisonSettings) -> None:
    one, *others = (tuning_settings(tuning, network, "cpu") for network in tuning.networks)
    assert list(one.space) == ["learning_rate", "weight_decay"]
    assert (one.trials, one.training.seed, one.training.fidelity.epochs) == (3, SEED, 2)
    assert tuning.training.fidelity.epochs == 1
    for other in others:
        assert other.space == one.space
        same = {"network", "architecture"}
        assert other.training.model_dump(exclude=same) == one.training.model_dump(exclude=same)


def test_a_tuned_network_is_trained_with_its_own_values(tuning: ComparisonSettings) -> None:
    evaluator, network = ComparedTraining(tuning), tuning.networks[0]
    task = evaluator.task(network.network, 1, {"learning_rate": 0.02})
    own = tuning.training.training_of("x", network.architecture, 1, "cpu", task.fidelity["recipe"])
    recipe = tuning.training.recipe
    assert own.recipe == recipe.model_copy(update={"learning_rate": 0.02}) != recipe
    assert evaluator.task(network.network, 1).fidelity == evaluator.rungs[0].fidelity


def test_where_no_trial_was_completed_the_recipe_stays_as_it_is() -> None:
    assert chosen(None) == chosen({"best": None, "trials": []}) == {}
    assert chosen({"best": 0, "trials": [{"parameters": {"learning_rate": 0.1}}]}) == {"learning_rate": 0.1}


def test_without_a_budget_nothing_is_tuned(tmp_path: Path) -> None:
    assert tune_all(tmp_path / "tunings", settings(tmp_path), 0, Listener()) == {}
    assert not (tmp_path / "tunings").exists()
