"""Read JSON that people may have written or changed: nothing in it is passed over."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from rnas.errors import InputError


def parse_json(text: str | bytes, source: object) -> Any:
    """Return the value of a JSON text.

    Args:
        text: the text.
        source: what to call it in messages, such as its path.

    Raises:
        InputError: it is not JSON, has a key twice in one object, a number that is not finite, or is nested too deeply.
    """
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_not_finite)
    except RecursionError:
        raise InputError(f"{source}: not valid JSON (it is nested too deeply)") from None
    except ValueError as error:
        raise InputError(f"{source}: not valid JSON ({' '.join(str(error).split())})") from None


def read_json(path: Path) -> Any:
    """Return the content of a JSON file; raise InputError if it cannot be read."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    return parse_json(content, path)


def read_json_object(path: Path) -> dict[str, Any]:
    """Return the content of a file that holds a JSON object; raise InputError if it cannot be read or holds none."""
    content = read_json(path)
    if not isinstance(content, dict):
        raise InputError(f"{path}: not a JSON object")
    return content


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"key {key!r} is there twice")
        found[key] = value
    return found


def _not_finite(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a finite number")
