"""Test recipes for conformance: inherit the class in a test module and name the recipe."""

import json

from rnas import registry
from rnas.training.recipe import Recipe


class RecipeConformance:
    """Test what every recipe must do. A subclass overrides :meth:`recipe`."""

    def recipe(self) -> Recipe | str:
        """Return the recipe, or its registered name."""
        raise NotImplementedError

    def test_it_is_valid(self) -> None:
        """Test that its model accepts it again, because an updated copy may have values that the model refuses."""
        recipe = self._recipe()
        content = {name: getattr(recipe, name) for name in Recipe.model_fields}
        assert Recipe(**content) == recipe
        assert hash(Recipe.model_validate(content)) == hash(recipe)

    def test_json_gives_the_recipe_back(self) -> None:
        """Test the recipe as text, and as the values of a config or a ledger."""
        recipe = self._recipe()
        text = recipe.model_dump_json()
        assert Recipe.model_validate_json(text) == recipe
        assert Recipe.model_validate(json.loads(text)) == recipe

    def test_it_bears_its_registered_name_and_says_its_source(self) -> None:
        """Test that the registry returns it for its name alone, or inside a config."""
        recipe = self._recipe()
        chosen = self.recipe()
        assert recipe.name == (chosen if isinstance(chosen, str) else recipe.name)
        assert recipe.name in registry.names(registry.RECIPES)
        assert recipe.source
        assert Recipe.resolve(recipe.name) == Recipe.resolve({"name": recipe.name}) == Recipe.resolve(recipe) == recipe

    def _recipe(self) -> Recipe:
        chosen = self.recipe()
        recipe: Recipe = registry.load(registry.RECIPES, chosen) if isinstance(chosen, str) else chosen
        return recipe
