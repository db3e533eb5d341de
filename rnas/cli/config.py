"""``rnas config``: every key of a configuration."""

import inspect
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer
import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from rnas import registry
from rnas.cli.console import AsJson, print_json, print_rows, stdout
from rnas.errors import InputError
from rnas.utils._model_keys import all_keys, meaning, type_text, without_markup
from rnas.utils.quantities import Band

_ENTRY = re.compile(r"^ {4}(?P<name>\w+): (?P<text>.*(?:\n {8}.*)*)", re.MULTILINE)


@dataclass(frozen=True)
class Key:
    """A key of a configuration.

    Attributes:
        key: with dots between nested names; ``strategy(nsga2).population`` is for that strategy alone.
        type: what its value is.
        default: the value where it is not set, as YAML; empty where it has to be set.
        meaning: what it sets.
    """

    key: str
    type: str
    default: str
    meaning: str


def config(
    kind: Annotated[str, typer.Argument(help="Kind of experiment, such as search, training or comparison.")] = "search",
    key: Annotated[
        str | None, typer.Argument(help="Show all keys that begin with this, such as evaluator.train.fidelity.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the keys of an experiment's configuration: the type, default and meaning of each.

    Keys stand in a YAML file, or are set by --set KEY=VALUE of rnas search, train and tune. A name in brackets is not
    part of a key: it says for which space, strategy, loss or schedule the key is.

    Examples:

      rnas config

      rnas config search evaluator

      rnas config search "space(robust-resnet)"

      rnas config training recipe
    """
    found = [known for known in keys_of(kind) if known.key.startswith(key or "")]
    if not found:
        raise InputError(f"no key begins with {key!r}; rnas config {kind} lists the first ones")
    if as_json:
        print_json([asdict(known) for known in found])
        return
    nested = 0
    if key is None:
        nested = len(found)
        found = [known for known in found if not re.search(r"[.(]", known.key)]
        nested -= len(found)
    rows = ((known.key, known.type, known.default, known.meaning) for known in found)
    print_rows(("key", "type", "default", "meaning"), rows)
    if nested:
        stdout().print(f"\n{nested} more keys stand inside these: rnas config {kind} KEY lists those of KEY.")


def keys_of(kind: str) -> Iterator[Key]:
    """Yield the keys of an experiment's configuration; of a search with those of every space, evaluator and strategy.

    Args:
        kind: registered kind of experiment.

    Raises:
        InputError: there is no such kind.
    """
    if kind not in registry.names(registry.EXPERIMENTS):
        known = ", ".join(registry.names(registry.EXPERIMENTS))
        raise InputError(f"unknown kind of experiment {kind!r}; known: {known}; for a key: rnas config search {kind}")
    for name, field in all_keys(registry.load(registry.EXPERIMENTS, kind).Settings):
        yield _key(name, field)
        if kind == "cell-search" and name == "method":
            for method in registry.names(registry.CELL_SEARCHES):
                with suppress(InputError):
                    found = registry.load(registry.CELL_SEARCHES, method)
                    yield from _keys_in(getattr(found, "Method", found), f"method({method}).")
        if kind != "search":
            continue
        if name == "space":
            for space in registry.names(registry.SEARCH_SPACES):
                # A plug-in that cannot be loaded, such as one whose extra is not installed, has no keys here; rnas
                # plugins says why.
                with suppress(InputError):
                    yield from _keys_in(registry.load(registry.SEARCH_SPACES, space).Settings, f"space({space}).")
        elif name == "evaluator":
            for evaluator in registry.names(registry.EVALUATORS):
                with suppress(InputError):
                    yield from _keys_in(registry.load(registry.EVALUATORS, evaluator).Settings, "evaluator.")
        elif name == "strategy":
            for strategy in registry.names(registry.STRATEGIES):
                with suppress(InputError):
                    yield from _arguments(registry.load(registry.STRATEGIES, strategy), f"strategy({strategy}).")


def _keys_in(model: type[BaseModel], prefix: str) -> Iterator[Key]:
    for name, field in all_keys(model, prefix):
        yield _key(name, field)


def _key(name: str, field: FieldInfo) -> Key:
    text = meaning(field) or ("Name by which it is chosen." if name.endswith(").name") else "")
    if field.is_required():
        return Key(name, type_text(field), "", text)
    value = field.get_default(call_default_factory=True, validated_data={})
    # The keys of a model follow, each with its own default.
    default = str(getattr(value, "name", "")) if isinstance(value, BaseModel) else _yaml(value)
    return Key(name, type_text(field), default, text)


def _arguments(strategy: Any, prefix: str) -> Iterator[Key]:
    """Return the arguments of a strategy but for the problem, as its docstring describes them."""
    section = inspect.cleandoc(strategy.__doc__ or "").partition("Args:\n")[2].partition("\n\n")[0]
    texts = {entry["name"]: without_markup(entry["text"]) for entry in _ENTRY.finditer(section)}
    for name, parameter in [*inspect.signature(strategy).parameters.items()][1:]:
        default = "" if parameter.default is parameter.empty else _yaml(parameter.default)
        kind = getattr(parameter.annotation, "__name__", str(parameter.annotation))
        text = texts.get(name, "")
        yield Key(f"{prefix}{name}", kind, default, text[:1].upper() + text[1:])


def _yaml(value: Any) -> str:
    """Return a value as a configuration has it, on one line."""
    plain = str(value) if isinstance(value, Band) else to_jsonable_python(value, fallback=str)
    return yaml.safe_dump(plain, default_flow_style=True, width=10**9).removesuffix("...\n").strip()
