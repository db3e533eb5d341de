"""Define architectures: immutable descriptions of networks, with their canonical JSON and key."""

import dataclasses
import hashlib
import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

from pydantic import TypeAdapter, ValidationError

from rnas import registry
from rnas._typing import Shape as Shape
from rnas.errors import InputError
from rnas.networks._bounds import memory, require_images
from rnas.networks.cost import Cost
from rnas.utils._json_files import parse_json
from rnas.utils._text import shown
from rnas.utils.quantities import format_size

if TYPE_CHECKING:
    from torch import nn


@runtime_checkable
class Architecture(Protocol):
    """Describe one network. An architecture is a frozen, hashable dataclass.

    Its class is registered under ``rnas.architectures`` by its ``kind``. Fields are JSON values, tuples or frozen
    dataclasses. A field that is added later needs a default, so that existing keys do not change.
    """

    kind: ClassVar[str]

    def build(self, num_classes: int, input_shape: Shape) -> "nn.Module":
        """Return the network, from an image batch (N, C, H, W) in [0, 1] to logits (N, num_classes).

        If the network normalises its input, this is a layer inside it. Weights are drawn from torch's global random
        generator. The method raises InputError if the network cannot run at this shape.

        The export format ``standalone`` copies the source of the module's class and of everything that it uses.
        Therefore the class is one of its own, not a bare ``nn.Sequential``. Everything that it uses is at the top level
        of a module and imports only torch and the standard library. The arguments of its constructor are numbers,
        texts, tuples, dictionaries, frozen dataclasses, classes and functions.
        """

    def cost(self, input_shape: Shape, num_classes: int) -> Cost:
        """Return the exact params and FLOPs of the network that ``build`` returns, without building it."""

    def __hash__(self) -> int:
        """Return a hash of the fields, which a frozen dataclass has."""


def build(architecture: Architecture, num_classes: int, input_shape: Shape) -> "nn.Module":
    """Return the network of an architecture that may come from a file, if this machine can hold it.

    Raises:
        InputError: the network cannot run at this shape, or it does not fit into memory.
    """
    require_images(input_shape, num_classes)
    needed, held = 4 * architecture.cost(input_shape, num_classes).params, memory()
    if needed > held:
        raise InputError(
            f"the network has {format_size(needed / 4)} parameters, which take {format_size(needed)} bytes; "
            f"this machine has {format_size(held)}: give fewer blocks or channels"
        )
    try:
        return architecture.build(num_classes, input_shape)
    except (RuntimeError, MemoryError) as error:
        if isinstance(error, MemoryError) or re.search("alloc|overflow|out of memory", str(error)):
            raise InputError(
                f"the network has {format_size(needed / 4)} parameters, and memory ran out: "
                "give fewer blocks or channels"
            ) from None
        raise


def _plain(value: Any) -> Any:
    """Return a field's value as JSON; dataclasses are written without the fields that have their default."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: (f.default, getattr(value, f.name)) for f in dataclasses.fields(value)}
        return {name: _plain(now) for name, (default, now) in fields.items() if now != default}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


def to_dict(architecture: Architecture) -> dict[str, Any]:
    """Return the JSON object of an architecture: its ``kind`` and every field that differs from its default."""
    return {"kind": architecture.kind, **_plain(architecture)}


def to_json(architecture: Architecture) -> str:
    """Return the canonical JSON, with sorted names and no spaces; equal architectures give equal text."""
    return json.dumps(to_dict(architecture), sort_keys=True, separators=(",", ":"))


def key(architecture: Architecture) -> str:
    """Return the first 12 hexadecimal digits of the sha256 of the canonical JSON."""
    return hashlib.sha256(to_json(architecture).encode()).hexdigest()[:12]


@cache
def _validator(cls: type[Architecture]) -> TypeAdapter[Architecture]:
    return TypeAdapter(cls)


def from_dict(data: Any) -> Architecture:
    """Return the architecture that :func:`to_dict` described; InputError names the field that is wrong."""
    if not isinstance(data, dict) or not isinstance(data.get("kind"), str):
        raise InputError('an architecture is a JSON object with a "kind"')
    cls = registry.load(registry.ARCHITECTURES, data["kind"])
    fields = {name: value for name, value in data.items() if name != "kind"}
    try:
        architecture: Architecture = _validator(cls).validate_python(fields)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the object"
        reason = first["msg"].removeprefix("Value error, ")
        raise InputError(f"architecture of kind {shown(data['kind'])}: {where}: {reason}") from None
    wrong = _not_kept(fields, architecture)
    if wrong is not None:
        raise InputError(f"architecture of kind {shown(data['kind'])}: {wrong}")
    return architecture


def _not_kept(given: Any, found: Any, place: str = "") -> str | None:
    """Return which part of JSON values an architecture does not have as it was given, and why; None if it has all.

    Texts and truth values are no numbers, though pydantic reads them as such; and a value that the architecture has no
    use for, so that it has the field's default instead, must not be passed over.
    """
    if isinstance(given, dict) and dataclasses.is_dataclass(found):
        implied = getattr(found, "implied", {})
        for field in dataclasses.fields(found):
            if field.name not in given:
                continue
            one, other, inner = given[field.name], getattr(found, field.name), f"{place}.{field.name}".lstrip(".")
            wrong = _not_kept(one, other, inner)
            plain = isinstance(one, str | int | float)
            # A block's topology is that of the simplest block which is the same; an implied value is the default.
            kept = other == one or field.name == "topology" or one == implied.get(field.name)
            if wrong is None and plain and not kept and other == field.default:
                wrong = f"{inner}: {shown(one)} has no effect here; leave it out"
            if wrong is not None:
                return wrong
    elif isinstance(given, list) and isinstance(found, tuple):
        # Equal entries may be described by one.
        pairs = zip(given, found if len(found) != 1 else found * len(given), strict=False)
        wrongs = (_not_kept(one, other, f"{place}.{number}") for number, (one, other) in enumerate(pairs))
        return next((wrong for wrong in wrongs if wrong is not None), None)
    elif isinstance(found, int | float) and (
        isinstance(given, bool) != isinstance(found, bool) or not isinstance(given, int | float)
    ):
        return f"{place}: {shown(given)} is not a {'truth value' if isinstance(found, bool) else 'number'}"
    return None


def from_json(text: str) -> Architecture:
    """Return the architecture of a JSON text; raise InputError for other texts."""
    return from_dict(parse_json(text, "not an architecture's JSON"))
