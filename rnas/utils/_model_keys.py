"""The keys of a pydantic model at any depth, and what it says of them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from rnas.errors import InputError


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
            models = [inner for field in fields for inner in models_in(field.annotation)]
    return tuple(dict.fromkeys(key for candidate in models for key in candidate.model_fields))


def field_of(model: type[BaseModel], key: str) -> FieldInfo:
    """Return the field of a model at a key with dots between nested names; InputError where it has no such field."""
    models, field = [model], None
    for part in key.split("."):
        field = next((_field(candidate, part) for candidate in models if part in candidate.model_fields), None)
        if field is None:
            raise InputError(f"{model.__name__} has no setting {key!r}")
        models = [*models_in(field.annotation)]
    assert field is not None
    return field


def all_keys(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Yield every key of a model, with dots between nested names, and its field; what holds others comes before them.

    The keys of each member of a union of models are below its name, as in ``loss(trades).beta``.
    """
    for name in model.model_fields:
        field = _field(model, name)
        key = f"{prefix}{field.alias or name}"
        yield key, field
        members = [*dict.fromkeys(models_in(field.annotation))]
        for member in members:
            kind = get_args(member.model_fields["name"].annotation) if "name" in member.model_fields else ()
            yield from all_keys(member, f"{key}({kind[0]})." if len(members) > 1 and kind else f"{key}.")


def meaning(field: FieldInfo) -> str:
    """Return what a field sets, as its docstring says it."""
    return without_markup(field.description or "")


def without_markup(documentation: str) -> str:
    """Return a part of a docstring on one line, without its markup."""
    text = " ".join(documentation.split()).replace("``", "")
    return re.sub(r":\w+:`[~\w.]*?([\w]+)`", r"\1", text)


def _field(model: type[BaseModel], name: str) -> FieldInfo:
    """Return a field of a model; a class that only changes its default leaves the description to a base."""
    field = model.model_fields[name]
    if field.description:
        return field
    models = (base for base in model.__mro__[1:] if issubclass(base, BaseModel))
    bases = (base.model_fields[name] for base in models if name in base.model_fields)
    described = copy(field)
    described.description = next((base.description for base in bases if base.description), None)
    return described


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the models that a type holds."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from models_in(argument)


def _is_named(model: type[BaseModel], name: str) -> bool:
    """Return whether a union selects this model by that name."""
    return "name" in model.model_fields and name in get_args(model.model_fields["name"].annotation)


def type_text(field: FieldInfo) -> str:
    """Return the type of a field in words that a configuration's reader knows, such as ``integer >= 1 or null``."""
    bounds = [text for constraint in field.metadata if (text := _bound(constraint))]
    return _joined(dict.fromkeys(_words(field.annotation, bounds)))


_NAMES = {bool: "true or false", int: "integer", float: "number", str: "text", type(None): "null", Any: "anything"}


def _words(annotation: Any, bounds: list[str]) -> Iterator[str]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        yield from _words(arguments[0], [*bounds, *(text for extra in arguments[1:] if (text := _bound(extra)))])
    elif origin in (Union, UnionType):
        for argument in arguments:
            yield from _words(argument, bounds)
    elif origin is Literal:
        yield "|".join(map(str, arguments))
    elif origin in (tuple, list):
        inner = [argument for argument in arguments if argument is not Ellipsis]
        yield f"list of {_joined(dict.fromkeys(word for argument in inner for word in _words(argument, [])))}"
    elif origin is dict or (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        yield "mapping"
    else:
        name = _NAMES.get(annotation) or getattr(annotation, "__name__", str(annotation)).lower()
        numbers = bounds if annotation in (int, float) else []
        yield " ".join([name, " and ".join(numbers)]).strip()


def _joined(words: Iterable[str]) -> str:
    return " or ".join(words)


def _bound(constraint: Any) -> str:
    for name, sign in (("gt", ">"), ("ge", ">="), ("lt", "<"), ("le", "<=")):
        if hasattr(constraint, name):
            return f"{sign} {getattr(constraint, name)}"
    return ""
