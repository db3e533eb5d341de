"""The keys of a pydantic model at any depth, and what it says of them."""

from collections.abc import Iterator, Sequence
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from rnas.errors import InputError


def known_keys(model: type[BaseModel], path: Sequence[str | int]) -> tuple[str, ...]:
    """Keys of the mapping at a path, in their order; empty where the model leaves them open.

    Args:
        model: of the whole.
        path: as pydantic gives the place of a fault: keys, numbers in lists, and names of the members of unions.
    """
    models = [model]
    for part in path:
        if isinstance(part, int) or any(_is_named(candidate, part) for candidate in models):
            models = [candidate for candidate in models if isinstance(part, int) or _is_named(candidate, part)]
        else:
            fields = [candidate.model_fields[part] for candidate in models if part in candidate.model_fields]
            models = [inner for field in fields for inner in models_in(field.annotation)]
    return tuple(dict.fromkeys(key for candidate in models for key in candidate.model_fields))


def field_of(model: type[BaseModel], key: str) -> FieldInfo:
    """Return the field of a model at a key with dots between nested names; InputError where there is none."""
    models, field = [model], None
    for part in key.split("."):
        field = next((candidate.model_fields[part] for candidate in models if part in candidate.model_fields), None)
        if field is None:
            raise InputError(f"{model.__name__} has no setting {key!r}")
        models = [*models_in(field.annotation)]
    assert field is not None
    return field


def all_keys(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Yield every key of a model, with dots between nested names, and its field; what holds others comes before them.

    The keys of each member of a union of models are below its name, as in ``loss(trades).beta``.
    """
    for name, field in model.model_fields.items():
        key = f"{prefix}{name}"
        yield key, field
        members = [*dict.fromkeys(models_in(field.annotation))]
        for member in members:
            kind = get_args(member.model_fields["name"].annotation) if "name" in member.model_fields else ()
            yield from all_keys(member, f"{key}({kind[0]})." if len(members) > 1 and kind else f"{key}.")


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the models that a type holds."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from models_in(argument)


def _is_named(model: type[BaseModel], name: str) -> bool:
    """Whether a union discriminates this model by that name."""
    return "name" in model.model_fields and name in get_args(model.model_fields["name"].annotation)
