"""The conformance test of recipes finds what is wrong with one."""

import pytest

from rnas.errors import InputError
from rnas.testing.recipe import RecipeConformance
from rnas.training.recipe import Recipe

BAT = Recipe.resolve("bat")


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"momentum": -1.0}, "it_is_valid"),
        ({"inner_attack": None}, "it_is_valid"),
        ({"clip_norm": float("inf")}, "json_gives_the_recipe_back"),
        ({"name": "bats"}, "it_bears_its_registered_name_and_says_its_source"),
        ({"source": ""}, "it_bears_its_registered_name_and_says_its_source"),
    ],
)
def test_a_fault_is_found(change: dict[str, object], finding: str) -> None:
    class OfTheRecipe(RecipeConformance):
        def __init__(self, recipe: Recipe) -> None:
            self.chosen = recipe

        def recipe(self) -> Recipe:
            return self.chosen

    getattr(OfTheRecipe(BAT), f"test_{finding}")()
    with pytest.raises((AssertionError, InputError)):
        getattr(OfTheRecipe(BAT.model_copy(update=change)), f"test_{finding}")()
