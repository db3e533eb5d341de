"""Read files of YAML and JSON from anywhere: regular files only, bounded in size and depth, and every key once."""

import json
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from rnas.errors import InputError
from rnas.utils._text import one_line, shown

YAML_BYTES = 256 * 1024
JSON_BYTES = 256 * 1024**2
_DEEPEST = 50
_MOST_VALUES = 100_000
_BITS = 128


def read_bytes(path: Path, largest: int) -> bytes:
    """Return the content of a regular file.

    Args:
        path: the file; a link to a file is one.
        largest: most bytes that the file may have.

    Raises:
        InputError: the file cannot be read, is larger, or is a folder, a device or a pipe.
    """
    require_regular(path)
    try:
        with path.open("rb") as file:
            content = file.read(largest + 1)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    if len(content) > largest:
        raise InputError(f"{path}: larger than {largest:,} bytes, the most that is read; give a smaller file")
    return content


def require_regular(path: Path) -> None:
    """Raise InputError if a path is not a regular file: to read a pipe or a device can take forever."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise InputError(f"{shown(str(path))}: no path ({error})") from None
    if not stat.S_ISREG(mode):
        what = "a folder" if stat.S_ISDIR(mode) else "a device, a pipe or a socket"
        raise InputError(f"{path}: {what}, not a file; give a regular file")


def read_text(path: Path, largest: int) -> str:
    """Return the text of a regular file in UTF-8; raise InputError as :func:`read_bytes` does, and for other bytes."""
    try:
        return read_bytes(path, largest).decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: no text in UTF-8 ({error.reason} at byte {error.start})") from None


def read_yaml(path: Path) -> Any:
    """Return the content of a YAML file; raise InputError if it cannot be read."""
    return parse_yaml(read_text(path, YAML_BYTES), str(path))


def read_json(path: Path, largest: int = JSON_BYTES) -> Any:
    """Return the content of a JSON file; raise InputError if it cannot be read."""
    return parse_json(read_text(path, largest), str(path))


def parse_yaml(text: str, source: str) -> Any:
    """Return the value of a YAML text, of the types that JSON has.

    Args:
        text: one document.
        source: name of the input for the message.

    Raises:
        InputError: it is not YAML, names a key twice, or is nested or repeated beyond all use.
    """
    try:
        # The loader refuses all tags that are not plain values.
        return yaml.load(text, Loader=_Loader)
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise InputError(f"{source}: not valid YAML ({one_line(str(error), 400)})") from None


def parse_json(text: str, source: str) -> Any:
    """Return the value of a JSON text.

    Args:
        text: one document.
        source: name of the input for the message.

    Raises:
        InputError: it is not JSON, names a key twice, or is nested beyond all use.
    """
    try:
        value = json.loads(text, object_pairs_hook=_without_repeats)
    except RecursionError:
        raise InputError(f"{source}: not valid JSON (nested more than {_DEEPEST} deep)") from None
    except ValueError as error:
        raise InputError(f"{source}: not valid JSON ({one_line(str(error), 400)})") from None
    _require_shallow(value, source)
    return value


def _without_repeats(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key {shown(next(name for name in names if names.count(name) > 1))} twice")
    return found


def _require_shallow(value: Any, source: str) -> None:
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
    raise InputError(f"{source}: not valid JSON (nested more than {_DEEPEST} deep)")


class _Loader(yaml.SafeLoader):
    """Load plain values, with bounds on what short texts can expand to."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._level = 0
        self._extents: dict[int, tuple[int, int]] = {}

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Compose a node as the base class does, and count the values and levels that it stands for."""
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            target = self.anchors.get(event.anchor)
            if target is not None and id(target) not in self._extents:
                raise yaml.composer.ComposerError(None, None, "a value that contains itself", event.start_mark)
        self._level += 1
        if self._level > _DEEPEST:
            raise yaml.composer.ComposerError(None, None, f"nested more than {_DEEPEST} deep", event.start_mark)
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
