"""Define what is tuned: fields of a recipe, and the values that each may take."""

from collections.abc import Mapping
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from rnas.errors import InputError
from rnas.training.recipe import Recipe
from rnas.utils._yaml_files import parse_yaml
from rnas.utils.quantities import parse_number

_FACTORS = {"learning_rate": 10, "weight_decay": 10, "loss.beta": 4, "weight_perturbation.gamma": 4}
"""Fields that are tuned by default, from the recipe's own value divided by a factor to it times that."""

_FIXED = ("name", "source", "note", "epochs")
_FORMS = "KEY=LOW:HIGH, KEY=LOW:HIGH:log or KEY=A,B,C"

Value = float | int | str | bool | None


def default_space(recipe: Recipe) -> dict[str, str]:
    """Return the fields that most depend on network and data, if the recipe has them, in :func:`distribution`'s
    form.

    Rates and weights act by their order of magnitude, so that all are searched on a logarithmic scale.
    """
    content = recipe.model_dump(mode="json")
    space = {}
    for key, factor in _FACTORS.items():
        value = _value(content, key.split("."))
        if isinstance(value, float) and value > 0:
            space[key] = f"{value / factor:.4g}:{value * factor:.4g}:log"
    return space


def parse_space(texts: list[str]) -> dict[str, str]:
    """Split ``["learning_rate=0.01:1:log", ...]`` by key, unchecked; raise InputError for another form."""
    space = {}
    for text in texts:
        key, sign, values = text.partition("=")
        if not sign or not key.strip():
            raise InputError(f"space {text!r}: write {_FORMS}")
        space[key.strip()] = values.strip()
    return space


def distribution(recipe: Recipe, key: str, values: str) -> BaseDistribution:
    """Return the distribution of the values that a field may take.

    Args:
        recipe: recipe that has the field; whole numbers stay whole.
        key: name of the field, such as ``loss.beta``.
        values: ``LOW:HIGH`` for all numbers in between, ``LOW:HIGH:log`` for the same on a logarithmic scale, or
            ``A,B,C`` for a choice, each as YAML.

    Raises:
        InputError: the recipe has no such field, or the values are none of these.
    """
    published = published_value(recipe, key)
    ends = values.split(":")
    if len(ends) not in (2, 3):
        return _choice(key, values)
    try:
        low, high = parse_number(ends[0]), parse_number(ends[1])
    except ValueError:
        raise InputError(f"{key}={values}: write {_FORMS}") from None
    logarithmic = len(ends) == 3
    if logarithmic and ends[2] != "log":
        raise InputError(f"{key}={values}: {ends[2]!r} is not a scale; write {_FORMS}")
    if low >= high:
        raise InputError(f"{key}={values}: the low end has to be below the high one, and both numbers")
    if logarithmic and low <= 0:
        raise InputError(f"{key}={values}: a logarithmic scale begins above 0")
    if isinstance(published, int) and not isinstance(published, bool):
        if not low.is_integer() or not high.is_integer():
            raise InputError(f"{key}={values}: {key} is a whole number, so give whole ends")
        return IntDistribution(int(low), int(high), log=logarithmic)
    return FloatDistribution(low, high, log=logarithmic)


def published_value(recipe: Recipe, key: str) -> Any:
    """Return the recipe's own value of a field, as JSON.

    Raises:
        InputError: it has no such field, or it is not one to tune.
    """
    content = recipe.model_dump(mode="json")
    path = key.split(".")
    owner = _value(content, path[:-1])
    if key in _FIXED:
        raise InputError(f"{key} is not tuned: it says what the recipe is, or how long it is")
    if not isinstance(owner, Mapping) or path[-1] not in owner:
        known = ", ".join(owner) if isinstance(owner, Mapping) else ", ".join(content)
        raise InputError(f"recipe {recipe.name} has no {key!r}; it has {known}")
    return owner[path[-1]]


def holds(allowed: BaseDistribution, value: Any) -> bool:
    """Return whether a value is among those that a field may take."""
    if isinstance(allowed, CategoricalDistribution):
        return value in allowed.choices
    assert isinstance(allowed, FloatDistribution | IntDistribution)
    return isinstance(value, int | float) and allowed.low <= value <= allowed.high


def corners(allowed: BaseDistribution) -> list[Value]:
    """Return both ends of a range, or all choices; if these can be trained with, values in between can be, too."""
    if isinstance(allowed, CategoricalDistribution):
        return list(allowed.choices)
    assert isinstance(allowed, FloatDistribution | IntDistribution)
    return [allowed.low, allowed.high]


def applied(recipe: Recipe, parameters: Mapping[str, Value]) -> Recipe:
    """Return the recipe with fields set to other values; raise InputError if it cannot have them."""
    content = recipe.model_dump(mode="json")
    for key, value in parameters.items():
        *path, field = key.split(".")
        _value(content, path)[field] = value
    return Recipe.resolve(content, ", ".join(f"{key}={value}" for key, value in parameters.items()))


def _value(content: Any, path: list[str]) -> Any:
    for part in path:
        content = content.get(part) if isinstance(content, Mapping) else None
    return content


def _choice(key: str, values: str) -> CategoricalDistribution:
    try:
        choices = parse_yaml(f"[{values}]", key)
    except InputError:
        choices = []
    if len(choices) < 2 or len({repr(choice) for choice in choices}) < len(choices):
        raise InputError(
            f"{key}={values}: nothing to choose from; write {_FORMS}, with two values or more, all different"
        )
    if not all(isinstance(choice, Value) for choice in choices):
        raise InputError(f"{key}={values}: each value is a number, a word, true, false or null")
    return CategoricalDistribution(choices)
