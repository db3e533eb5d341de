"""Read YAML files and explain errors in their content."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from rnas.errors import InputError, error_text
from rnas.utils._model_keys import known_keys
from rnas.utils._regular_files import read_text
from rnas.utils._text import one_line, shown

_LARGEST = 256 * 1024
_DEEPEST = 50
_MOST_VALUES = 100_000
_PLAIN_TYPE = re.compile(r"constrained-\w+|literal\[.*\]")
_BITS = 128


def read_yaml(path: Path) -> Any:
    """Return the content of a YAML file; raise InputError if it cannot be read."""
    return parse_yaml(read_text(path, _LARGEST), path)


def parse_yaml(text: str, source: object) -> Any:
    """Return the value of a YAML text, of the types that JSON has.

    Args:
        text: one document.
        source: what to call it in messages, such as its path.

    Raises:
        InputError: it is not YAML, names a key twice, or is nested or repeated beyond all use.
    """
    try:
        # The loader refuses all tags that are not plain values.
        return yaml.load(text, Loader=_Loader)
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        # PyYAML knows no name of a text that it is given.
        reason = error_text(error).replace('in "<unicode string>", ', "at ")
        raise InputError(f"{source}: not valid YAML ({one_line(reason, 400)})") from None


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
        raise InputError(f"{shown(assignment)}: write KEY=VALUE, such as evaluator.train.fidelity.epochs=4")
    inner = data
    for key in keys[:-1]:
        if isinstance(inner.get(key), str) and key in ("space", "strategy", "recipe"):
            inner[key] = {"name": inner[key]}
        inner = inner.setdefault(key, {})
        if not isinstance(inner, dict):
            raise InputError(f"{shown(assignment)}: {key} is not a mapping")
    inner[keys[-1]] = parse_yaml(text, shown(assignment))


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
    # A union of plain types adds the name of the one that was tried, which says nothing to a reader.
    where = _place(fault["loc"])
    message = fault["msg"].removeprefix("Value error, ").removesuffix(", unable to parse string as an integer")
    if fault["type"] == "extra_forbidden":
        known = () if model is None else known_keys(model, fault["loc"][:-1])
        message = f"unknown key; it has {', '.join(known)}" if known else "unknown key"
    elif "input" in fault and fault["type"] not in ("value_error", "missing"):
        words = [
            f", or {other['ctx']['expected']}"
            for other in faults
            if other is not fault and other["type"] == "literal_error" and _place(other["loc"]) == where
        ]
        message = f"{message[0].lower()}{message[1:]}{''.join(words)}, not {shown(fault['input'])}"
    return InputError(f"{source}: {where}: {message}" if where else f"{source}: {message}")


def _place(location: Sequence[int | str]) -> str:
    return ".".join(str(part) for part in location if not _PLAIN_TYPE.fullmatch(str(part)))


class _Loader(yaml.SafeLoader):
    """Load plain values, with bounds on what short texts can expand to."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._level = 0
        self._extents: dict[int, tuple[int, int]] = {}

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Compose a node as the base class does, and count the values and levels that it stands for."""
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        mark: Any = event.start_mark
        if isinstance(event, yaml.AliasEvent):
            target = self.anchors.get(event.anchor)
            if target is not None and id(target) not in self._extents:
                raise yaml.composer.ComposerError(None, None, "a value that contains itself", mark)
        self._level += 1
        if self._level > _DEEPEST:
            raise yaml.composer.ComposerError(None, None, f"nested more than {_DEEPEST} deep", mark)
        node = super().compose_node(parent, index)
        self._level -= 1
        if node is not None and id(node) not in self._extents:
            self._extents[id(node)] = self._extent(node)
        return node

    def _extent(self, node: yaml.Node) -> tuple[int, int]:
        inner: list[yaml.Node] = []
        if isinstance(node, yaml.MappingNode):
            inner = [part for pair in node.value for part in pair]
            names = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
            if len(set(names)) < len(names):
                twice = next(key for key, _ in node.value if names.count(key.value) > 1)
                raise yaml.composer.ComposerError(None, None, f"the key {shown(twice.value)} twice", twice.start_mark)
        elif isinstance(node, yaml.SequenceNode):
            inner = node.value
        extents = [self._extents[id(part)] for part in inner]
        values, depth = 1 + sum(e[0] for e in extents), 1 + max((e[1] for e in extents), default=0)
        if values > _MOST_VALUES or depth > _DEEPEST:
            reason = (
                f"more than {_MOST_VALUES:,} values" if values > _MOST_VALUES else f"nested more than {_DEEPEST} deep"
            )
            raise yaml.composer.ComposerError(None, None, reason, node.start_mark)
        return values, depth

    def _integer(self, node: yaml.ScalarNode) -> int:
        value: int = self.construct_yaml_int(node)
        if value.bit_length() > _BITS:
            reason = f"an integer of more than {_BITS} bits"
            raise yaml.constructor.ConstructorError(None, None, reason, node.start_mark)
        digits = str(node.value).replace("_", "").lstrip("+-")
        if not digits.isdecimal() or (digits[0] == "0" and value):
            # In other bases, and with colons as in 1:30, another number would be read than most people expect.
            reason = f"the integer {shown(node.value)}; write it in decimal digits, or put a text in quotes"
            raise yaml.constructor.ConstructorError(None, None, reason, node.start_mark)
        return value

    def _float(self, node: yaml.ScalarNode) -> float:
        if set(str(node.value)) & {":", "_"}:
            reason = f"the number {shown(node.value)}; write it in decimal digits, or put a text in quotes"
            raise yaml.constructor.ConstructorError(None, None, reason, node.start_mark)
        value: float = self.construct_yaml_float(node)
        return value


# Dates, sets, bytes and ordered pairs are no values of a config: dates stay texts, and the other tags are unknown.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.yaml_constructors = {
    tag: constructor
    for tag, constructor in yaml.SafeLoader.yaml_constructors.items()
    if tag is None or tag.rpartition(":")[2] in ("null", "bool", "float", "str", "seq", "map")
}
_Loader.add_constructor("tag:yaml.org,2002:int", _Loader._integer)
_Loader.add_constructor("tag:yaml.org,2002:float", _Loader._float)
