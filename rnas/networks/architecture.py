"""Architectures: frozen descriptions of networks, their canonical JSON and their key."""

import dataclasses
import hashlib
import json
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

from pydantic import TypeAdapter, ValidationError

from rnas import registry
from rnas._typing import Shape as Shape
from rnas.errors import InputError
from rnas.networks.cost import Cost

if TYPE_CHECKING:
    from torch import nn


@runtime_checkable
class Architecture(Protocol):
    """A frozen, hashable dataclass that describes one network.

    Its class is registered under ``rnas.architectures`` by its ``kind``. Fields hold JSON values, tuples
    and further frozen dataclasses; a field added later has a default, so that old keys stay.
    """

    kind: ClassVar[str]

    def build(self, num_classes: int, input_shape: Shape) -> "nn.Module":
        """The network, from an image batch (N, C, H, W) in [0, 1] to logits (N, num_classes).

        Normalisation of the input, where the network has any, is a layer inside. Weights are drawn from
        torch's global generator. Raises InputError where the network cannot run at this shape.

        The format ``standalone`` copies the source of the module's class and of all that it uses. That class is one of
        its own, not a bare ``nn.Sequential``. What it uses stands at the top level of modules and imports only torch
        and the standard library. Its constructor is given numbers, texts, tuples, dictionaries, frozen dataclasses,
        classes and functions.
        """

    def cost(self, input_shape: Shape, num_classes: int) -> Cost:
        """Exact params and FLOPs of the network that ``build`` returns, without building it."""


def _plain(value: Any) -> Any:
    """A field's value as JSON, dataclasses without the fields that are at their default."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: (f.default, getattr(value, f.name)) for f in dataclasses.fields(value)}
        return {name: _plain(now) for name, (default, now) in fields.items() if now != default}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


def to_dict(architecture: Architecture) -> dict[str, Any]:
    """JSON object of an architecture: its ``kind`` and every field that is not at its default."""
    return {"kind": architecture.kind, **_plain(architecture)}


def to_json(architecture: Architecture) -> str:
    """Canonical JSON: sorted names, no spaces. Equal architectures give equal text."""
    return json.dumps(to_dict(architecture), sort_keys=True, separators=(",", ":"))


def key(architecture: Architecture) -> str:
    """First 12 hexadecimal digits of the sha256 of the canonical JSON."""
    return hashlib.sha256(to_json(architecture).encode()).hexdigest()[:12]


@cache
def _validator(cls: type[Architecture]) -> TypeAdapter[Architecture]:
    return TypeAdapter(cls)


def from_dict(data: Any) -> Architecture:
    """The architecture that :func:`to_dict` described; InputError names the field that is wrong."""
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
        raise InputError(f"architecture of kind {data['kind']!r}: {where}: {reason}") from None
    return architecture


def from_json(text: str) -> Architecture:
    """The architecture of a JSON text; InputError where it is not one."""
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"not an architecture's JSON: {error}") from None
    return from_dict(data)
