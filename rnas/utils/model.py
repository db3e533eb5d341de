"""Define the base of the models that users construct from Python."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ModelWrapValidatorHandler, ValidationError, model_validator

from rnas.utils._yaml_files import explained

_LARGEST = 2**53
"""Whole numbers are smaller, so that every program that reads a result as JSON reads them exactly."""


def left_out_if_none(**bounds: Any) -> Any:
    """Return a field whose default is None, and which a description leaves out then, so that its hash stays as it was.

    Args:
        **bounds: those of :func:`pydantic.Field`.
    """
    return Field(None, exclude_if=lambda value: value is None, **bounds)


class Model(BaseModel):
    """Hold values that are checked when they are given, and that do not change afterwards.

    Raises:
        InputError: the constructor raises it for an unknown field or a wrong value, which it names in one line.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, allow_inf_nan=False)

    def __init__(self, /, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise explained(error, type(self).__name__, type(self)) from None

    # Models inside others are validated without the constructor, so that messages name the whole path of a field.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    @model_validator(mode="wrap")
    @classmethod
    def _exact(cls, given: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Refuse truth values where numbers belong, which pydantic takes for 1 and 0, and numbers beyond all use."""
        model = handler(given)
        if isinstance(given, Mapping):
            for name, value in model:
                _require_exact(name, given.get(name), value)
        return model


def _require_exact(name: str, given: Any, read: Any) -> None:
    """Raise ValueError if a value was read as another than what was given."""
    if isinstance(read, int | float) and not isinstance(read, bool):
        if isinstance(given, bool):
            raise ValueError(f"{name} is {str(given).lower()}; write a number")
        if isinstance(given, str) and "_" in given:
            raise ValueError(f"{name} is {given!r}; write a number in digits")
        if isinstance(read, int) and abs(read) >= _LARGEST:
            raise ValueError(f"{name} is beyond all use; write a whole number below 2^53")
    elif isinstance(read, list | tuple) and isinstance(given, list | tuple):
        for one, other in zip(given, read, strict=False):
            _require_exact(name, one, other)
