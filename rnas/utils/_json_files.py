"""Read JSON that people may have written or changed: nothing in it is passed over, and it is bounded in depth."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NoReturn

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rnas.errors import InputError, error_text
from rnas.utils._regular_files import read_bytes
from rnas.utils._text import one_line, shown
from rnas.utils._yaml_files import explained

_LARGEST = 512 * 1024**2
_DEEPEST = 50
_BITS = 128


def parse_json(text: str | bytes, source: object) -> Any:
    """Return the value of a JSON text.

    Args:
        text: the text; bytes are UTF-8.
        source: what to call it in messages, such as its path.

    Raises:
        InputError: it is not JSON, has a key twice in one object, a number that is not finite or beyond all use, or is
            nested too deeply.
    """
    try:
        text = text.decode("utf-8") if isinstance(text, bytes) else text
        value = json.loads(
            text, object_pairs_hook=_object, parse_constant=_not_finite, parse_float=_finite, parse_int=_bounded
        )
        _require_shallow(value)
    except RecursionError:
        raise InputError(f"{source}: not valid JSON (nested more than {_DEEPEST} deep)") from None
    except ValueError as error:
        raise InputError(f"{source}: not valid JSON ({one_line(error_text(error), 400)})") from None
    return value


def model_json(model: BaseModel) -> str:
    """Return a model as JSON in ASCII, because the name of a file may have bytes that are no text."""
    return json.dumps(model.model_dump(mode="json"), separators=(",", ":"), allow_nan=False)


def read_json(path: Path, largest: int = _LARGEST) -> Any:
    """Return the content of a JSON file; raise InputError if it cannot be read.

    Args:
        path: the file.
        largest: most bytes that it may have.
    """
    return parse_json(read_bytes(path, largest), path)


def read_json_object(path: Path) -> dict[str, Any]:
    """Return the content of a file that holds a JSON object; raise InputError if it cannot be read or holds none."""
    content = read_json(path)
    if not isinstance(content, dict):
        raise InputError(f"{path}: not a JSON object")
    return content


Share = Annotated[float, Field(ge=0, le=1)]
"""A share in [0, 1], such as an accuracy."""


class Content(BaseModel):
    """Define the keys of a JSON object that its readers rely on, with strict types; it may have others."""

    model_config = ConfigDict(extra="allow", strict=True)


def read_content(path: Path, model: type[Content]) -> dict[str, Any]:
    """Return the content of a file that a program wrote; raise InputError if it is not as the model says."""
    try:
        return dict(checked_content(read_json(path), model, path))
    except InputError as error:
        raise InputError(f"{error}; restore it from a copy, or delete it") from None


def checked_content(content: Any, model: type[Content], source: object) -> Any:
    """Return JSON values as they are; raise InputError, which names the field, if they are not as the model says."""
    try:
        model.model_validate(content)
    except ValidationError as error:
        raise explained(error, str(source), model) from None
    return content


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {shown(key)} twice")
        found[key] = value
    return found


def _not_finite(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a finite number")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        _not_finite(one_line(text, 40))
    return number


def _bounded(text: str) -> int:
    number = int(text)
    if number.bit_length() > _BITS:
        raise ValueError(f"an integer of more than {_BITS} bits")
    return number


def _require_shallow(value: Any) -> None:
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return
    raise RecursionError
