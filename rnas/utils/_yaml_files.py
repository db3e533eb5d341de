"""Read YAML files and explain errors in their content."""

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from rnas.errors import InputError
from rnas.utils._model_keys import known_keys


def read_yaml(path: Path) -> Any:
    """Return the content of a YAML file; raise InputError if it cannot be read."""
    try:
        return yaml.safe_load(path.read_text())
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(f"{path}: not valid YAML ({' '.join(str(error).split())})") from None


def read_mapping(path: Path) -> dict[str, Any]:
    """Read a YAML file that contains a mapping; an empty file is an empty one. Raise InputError for other content."""
    content = read_yaml(path)
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise InputError(f"{path}: a config is a mapping of keys to values")
    return content


def set_key(data: dict[str, Any], assignment: str) -> None:
    """Apply ``key.inner=value``, with the value as YAML, to a nested mapping; raise InputError if that fails."""
    path, sign, text = assignment.partition("=")
    keys = path.strip().split(".")
    if not sign or not all(keys):
        raise InputError(f"{assignment!r}: write KEY=VALUE, such as evaluator.train.fidelity.epochs=4")
    inner = data
    for key in keys[:-1]:
        if isinstance(inner.get(key), str) and key in ("space", "strategy", "recipe"):
            inner[key] = {"name": inner[key]}
        inner = inner.setdefault(key, {})
        if not isinstance(inner, dict):
            raise InputError(f"{assignment!r}: {key} is not a mapping")
    try:
        inner[keys[-1]] = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):
        raise InputError(f"{assignment!r}: the value is not YAML") from None


M = TypeVar("M", bound=BaseModel)


def checked(model: type[M], content: Any, source: str, folder: Path = Path()) -> M:
    """Return a model of a content; raise InputError in one line if it is wrong, see :func:`explained`.

    Args:
        model: what the content describes.
        content: mapping of keys to values.
        source: name of the content for the message.
        folder: folder at which relative paths start.
    """
    try:
        return model.model_validate(content, context={"folder": folder})
    except ValidationError as error:
        raise explained(error, source, model) from None


def explained(error: ValidationError, source: str, model: type[BaseModel] | None = None) -> InputError:
    """Return the first error of a validation in one line; an unknown key comes first, as it may be a typing mistake.

    Args:
        error: the error of the validation.
        source: name of the input for the message.
        model: the validated model, to list the keys that it accepts.
    """
    faults = error.errors()
    fault = next((fault for fault in faults if fault["type"] == "extra_forbidden"), faults[0])
    where = ".".join(str(part) for part in fault["loc"])
    message = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "extra_forbidden":
        known = () if model is None else known_keys(model, fault["loc"][:-1])
        message = f"unknown key; it has {', '.join(known)}" if known else "unknown key"
    elif "input" in fault and fault["type"] not in ("value_error", "missing"):
        message = f"{message[0].lower()}{message[1:]}, not {fault['input']!r}"
    return InputError(f"{source}: {where}: {message}" if where else f"{source}: {message}")
