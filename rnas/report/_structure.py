"""The structure of any network in words, every field of its description included."""

import dataclasses
from typing import Any

from rnas.networks import architecture as arch
from rnas.networks.architecture import Architecture
from rnas.report._description import describe
from rnas.report._residual_stages import is_residual

_SEPARATORS = ("-", " ", " | ")
"""Between the items of a list of plain values, of a list of such lists, and so on."""


def structure(architecture: Architecture) -> str:
    """Return a residual network as reports describe it; another by its kind and all its fields, defaults too."""
    content = arch.to_dict(architecture)
    return describe(content) if is_residual(content) else f"{architecture.kind}: {_fields(architecture)}"


def _fields(value: Any) -> str:
    names = [field.name for field in dataclasses.fields(value)]
    return ", ".join(f"{name.replace('_', ' ')} {_text(getattr(value, name))}" for name in names)


def _text(value: Any) -> str:
    if dataclasses.is_dataclass(value):
        return f"({_fields(value)})"
    if isinstance(value, tuple):
        words = all(isinstance(item, str) for item in value)
        separator = " " if words else _SEPARATORS[min(_depth(value), len(_SEPARATORS)) - 1]
        return separator.join(map(_text, value))
    return str(value)


def _depth(value: Any) -> int:
    return 1 + max(map(_depth, value), default=0) if isinstance(value, tuple) else 0
