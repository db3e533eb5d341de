"""Define the base of the models that users construct from Python."""

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from rnas.utils._yaml_files import explained


class Model(BaseModel):
    """Hold values that are checked when they are given, and that do not change afterwards.

    Raises:
        InputError: the constructor raises it for an unknown field or a wrong value, which it names in one line.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    def __init__(self, /, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise explained(error, type(self).__name__, type(self)) from None

    # Models inside others are validated without the constructor, so that messages name the whole path of a field.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]
