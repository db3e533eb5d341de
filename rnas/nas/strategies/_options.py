"""Check the options of strategies."""

from collections.abc import Sequence
from typing import Any

from rnas.errors import InputError


def whole_number(strategy: str, name: str, value: Any, least: int) -> int:
    """Return the value if it is a whole number of at least ``least``, else raise InputError."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise InputError(f"strategy {strategy}: {name} is {value!r}; give a whole number of at least {least}")
    return value


def share(strategy: str, name: str, value: Any) -> float:
    """Return the value if it is a number in [0, 1], else raise InputError."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise InputError(f"strategy {strategy}: {name} is {value!r}; give a number from 0 to 1")
    return float(value)


def names(strategy: str, option: str, value: object) -> tuple[str, ...]:
    """Check that a value is a list of names, else raise InputError."""
    if isinstance(value, str) or not isinstance(value, Sequence) or not all(isinstance(name, str) for name in value):
        raise InputError(f"strategy {strategy}: {option} is {value!r}; give a list of names such as [naswot]")
    return tuple(value)
