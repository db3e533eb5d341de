import pytest
from pydantic import ValidationError

from rnas import registry
from rnas.errors import InputError
from rnas.training.recipe import Recipe
from rnas.training.recipes import SAT


@pytest.mark.parametrize("name", registry.names(registry.RECIPES))
def test_registered_recipes_bear_their_name_and_name_their_paper(name: str) -> None:
    recipe = registry.load(registry.RECIPES, name)
    assert recipe.name == name
    assert recipe.source
    assert Recipe.model_validate(recipe.model_dump(mode="json")) == recipe


def test_fields_are_overridden_by_name() -> None:
    changed = Recipe.resolve({"name": "sat", "weight_decay": 0.0})
    assert changed == SAT.model_copy(update={"weight_decay": 0.0})
    assert Recipe.resolve("sat") is not None


def test_unknown_recipes_and_fields_are_refused() -> None:
    with pytest.raises(InputError, match="unknown recipe 'satt'; known: fgsm-rs, sat"):
        Recipe.resolve("satt")
    with pytest.raises(ValidationError, match="lr"):
        Recipe.resolve({"name": "sat", "lr": 1})
