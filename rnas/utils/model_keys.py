"""Find the keys that a pydantic model accepts, at any depth."""

from collections.abc import Iterator, Sequence
from typing import Any, get_args

from pydantic import BaseModel


def known_keys(model: type[BaseModel], path: Sequence[str | int]) -> tuple[str, ...]:
    """Return the keys of the mapping at a path, in their order; empty if the model accepts any key.

    Args:
        model: model of the whole input.
        path: location of an error as pydantic gives it: keys, indices in lists, and names of the members of unions.
    """
    models = [model]
    for part in path:
        if isinstance(part, int) or any(_is_named(candidate, part) for candidate in models):
            models = [candidate for candidate in models if isinstance(part, int) or _is_named(candidate, part)]
        else:
            fields = [candidate.model_fields[part] for candidate in models if part in candidate.model_fields]
            models = [inner for field in fields for inner in _models_in(field.annotation)]
    return tuple(dict.fromkeys(key for candidate in models for key in candidate.model_fields))


def _is_named(model: type[BaseModel], name: str) -> bool:
    """Return whether a union selects this model by that name."""
    return "name" in model.model_fields and name in get_args(model.model_fields["name"].annotation)


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)
