"""What is tuned, and where: parsing, defaults, recipes that come of it."""

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from rnas import registry
from rnas.errors import InputError
from rnas.experiments.tuning._space import applied, corners, default_space, distribution, holds, parse_space
from rnas.training.recipe import Recipe

SAT, TRADES = Recipe.resolve("sat"), Recipe.resolve("trades")


def test_defaults_are_what_the_recipe_has() -> None:
    assert default_space(SAT) == {"learning_rate": "0.01:1:log", "weight_decay": "5e-05:0.005:log"}
    assert default_space(Recipe.resolve("trades-awp"))["loss.beta"] == "1.5:24:log"
    assert "weight_perturbation.gamma" in default_space(Recipe.resolve("sat-awp"))
    assert "weight_decay" not in default_space(Recipe.resolve({"name": "sat", "weight_decay": 0}))


@pytest.mark.parametrize("name", registry.names(registry.RECIPES))
def test_defaults_hold_the_published_values_of_every_recipe(name: str) -> None:
    recipe = Recipe.resolve(name)
    for key, values in default_space(recipe).items():
        allowed = distribution(recipe, key, values)
        for value in corners(allowed):
            assert applied(recipe, {key: value}) != recipe
        owner, field = (recipe.loss, "beta") if key == "loss.beta" else (recipe, key)
        assert key == "weight_perturbation.gamma" or holds(allowed, getattr(owner, field))


@pytest.mark.parametrize(
    ("key", "values", "expected"),
    [
        ("learning_rate", "0.01:1:log", FloatDistribution(0.01, 1, log=True)),
        ("learning_rate", "1e-2:1", FloatDistribution(0.01, 1)),
        ("loss.beta", "1:10", FloatDistribution(1, 10)),
        ("inner_attack.steps", "5:20", IntDistribution(5, 20)),
        ("batch_size", "32:256:log", IntDistribution(32, 256, log=True)),
        ("clip_norm", "1:10", FloatDistribution(1, 10)),
        ("clip_norm", "null,5,10", CategoricalDistribution((None, 5, 10))),
        ("nesterov", "true, false", CategoricalDistribution((True, False))),
        ("inner_attack.step", "1/4,1/2", CategoricalDistribution(("1/4", "1/2"))),
    ],
)
def test_values_are_read(key: str, values: str, expected: object) -> None:
    assert distribution(TRADES, key, values) == expected


@pytest.mark.parametrize(
    ("key", "values", "message"),
    [
        ("decay", "0:1", "recipe trades has no 'decay'; it has name, source"),
        ("loss.gamma", "0:1", "recipe trades has no 'loss.gamma'; it has name, beta"),
        ("averaging.decay", "0:1", "has no 'averaging.decay'"),
        ("epochs", "1:10", "epochs is not tuned"),
        ("name", "sat,trades", "name is not tuned"),
        ("learning_rate", "a:b", "write KEY=LOW:HIGH"),
        ("learning_rate", "1:0.1", "below the high one"),
        ("learning_rate", "nan:1", "write KEY=LOW"),
        ("learning_rate", "0.1:inf", "write KEY=LOW"),
        ("learning_rate", "0:1:log", "begins above 0"),
        ("learning_rate", "0.1:1:square", "'square' is not a scale"),
        ("learning_rate", "0.1", "nothing to choose from"),
        ("learning_rate", "0.1,0.1", "all different"),
        ("learning_rate", "", "nothing to choose from"),
        ("nesterov", "[true", "nothing to choose from"),
        ("augmentation", "[crop],[flip]", "each value is a number, a word"),
        ("inner_attack.steps", "5.5:20", "give whole ends"),
    ],
)
def test_what_cannot_be_read_is_told(key: str, values: str, message: str) -> None:
    with pytest.raises(InputError, match=message.replace("(", r"\(")):
        distribution(TRADES, key, values)


def test_arguments_are_divided_at_the_first_sign() -> None:
    assert parse_space(["learning_rate=0.1:1", " a.b = c=d,e"]) == {"learning_rate": "0.1:1", "a.b": "c=d,e"}
    for text in ("learning_rate", "=1:2"):
        with pytest.raises(InputError, match="space"):
            parse_space([text])


def test_a_recipe_takes_the_values_and_checks_them() -> None:
    tuned = applied(TRADES, {"loss.beta": 3.0, "learning_rate": 0.2})
    assert (tuned.loss.beta, tuned.learning_rate, tuned.inner_attack) == (3.0, 0.2, TRADES.inner_attack)
    with pytest.raises(InputError, match="momentum=2: momentum: input should be less than 1"):
        applied(TRADES, {"momentum": 2})
