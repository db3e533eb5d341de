"""Every registered recipe makes a small network robust."""

from fractions import Fraction

import pytest

from rnas import registry
from rnas.training.plan import Plan
from rnas.training.recipe import Recipe
from rnas.training.trainer import Trainer
from tests.rnas.training.digits import EXTRA, TRAINING, accuracies, network, plan


def _scaled(name: str) -> Plan:
    recipe = Recipe.resolve(name)
    if recipe.batch_size > 1024:
        # A rate for batches of 1536 images does not suit those of 64: linear scaling (Goyal et al., 2017).
        recipe = recipe.model_copy(update={"learning_rate": recipe.learning_rate * 64 / recipe.batch_size})
    if recipe.optimizer is not None:
        # Made for 39,000 steps of networks of millions of weights.
        recipe = recipe.model_copy(update={"learning_rate": 0.01})
    if recipe.augmentation is not None:
        # Made for natural images of 32x32 pixels, not for digits of 8x8.
        recipe = recipe.model_copy(update={"augmentation": ()})
    return plan(recipe, epochs=8, batch_size=64)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in registry.names(registry.RECIPES) if name != "standard"])
def test_robust_accuracy_is_well_above_chance(name: str) -> None:
    training = Trainer(network(), TRAINING, _scaled(name), 0, EXTRA)
    history = list(training.epochs())
    assert [point["epoch"] for point in history] == list(range(1, 9))
    assert not training.overfitted
    clean, robust = accuracies(training.result)
    assert clean > 0.8
    assert robust > 0.5


def test_standard_training_is_accurate_and_not_robust() -> None:
    training = Trainer(network(), TRAINING, _scaled("standard"), 0)
    list(training.epochs())
    clean, nearly_clean = accuracies(training.result, Fraction(1, 50))
    assert clean > 0.9
    assert nearly_clean > 0.7
    assert accuracies(training.result)[1] < 0.5
