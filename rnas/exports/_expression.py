"""Write Python expressions for plain values, classes, functions and calls, in the layout of Ruff."""

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import partial
from types import FunctionType
from typing import Any

from rnas.errors import InputError
from rnas.exports._source import OTHERWISE, Source
from rnas.networks.architecture import Architecture

WIDTH = 120
_PLAIN = (type(None), bool, int, float)


@dataclass(frozen=True)
class Expression:
    """An expression as text, or as parts between an opening and a closing text.

    Attributes:
        opening: the text before the parts, or the whole text without parts.
        parts: the parts, each with the text before it, such as ``name=``.
        closing: the text after the parts.
    """

    opening: str
    parts: tuple[tuple[str, "Expression"], ...] = ()
    closing: str = ""

    @property
    def flat(self) -> str:
        """Return the expression in one line."""
        # The comma of a tuple with one element is in the closing text.
        return self.opening + ", ".join(before + part.flat for before, part in self.parts) + self.closing

    def lines(self, before: str = "", after: str = "", indent: str = "") -> list[str]:
        """Return the expression between two texts, in as few lines as fit the width."""
        line = f"{indent}{before}{self.flat}{after}"
        if len(line) <= WIDTH or not self.parts:
            return [line]
        inner = indent + "    "
        together = inner + ", ".join(name + part.flat for name, part in self.parts)
        if len(together) <= WIDTH and not self.closing.startswith(","):
            body = [together]
        else:
            body = [line for name, part in self.parts for line in part.lines(name, ",", inner)]
        return [f"{indent}{before}{self.opening}", *body, f"{indent}{self.closing.lstrip(',')}{after}"]


def call(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], source: Source) -> Expression:
    """Return the call of a class or a function, with named arguments and without those equal to the default.

    Args:
        function: the class or function to call.
        args: arguments by position.
        kwargs: arguments by name.
        source: source that the definitions of all classes and functions are added to.

    Raises:
        InputError: a value that cannot be written, or a class or function without source.
    """
    bound = inspect.signature(function).bind_partial(*args, **kwargs)
    parameters = bound.signature.parameters
    parts: list[tuple[str, Expression]] = []
    if any(parameters[name].kind is inspect.Parameter.VAR_POSITIONAL for name in bound.arguments):
        parts += [("", expression(value, source)) for value in bound.args]
        named = bound.kwargs
    else:
        named = {name: value for name, value in bound.arguments.items() if not _is(value, parameters[name].default)}
        extra = next((name for name in named if parameters[name].kind is inspect.Parameter.VAR_KEYWORD), None)
        named |= named.pop(extra) if extra else {}
    parts += [(f"{name}=", expression(value, source)) for name, value in named.items()]
    # The definition of the called function comes after those of its arguments.
    return Expression(f"{source.name_of(function)}(", tuple(parts), ")")


def _is(value: Any, default: Any) -> bool:
    return type(value) is type(default) and bool(value == default)


def expression(value: Any, source: Source) -> Expression:
    """Return an expression for this value; source and errors are those of :func:`call`."""
    match value:
        case str():
            return Expression(json.dumps(value, ensure_ascii=False))
        case None | bool() | int() | float() if type(value) in _PLAIN:
            return Expression(repr(value))
        case tuple() | list():
            items = tuple(("", expression(item, source)) for item in value)
            opening, closing = "()" if isinstance(value, tuple) else "[]"
            return Expression(opening, items, f",{closing}" if opening == "(" and len(items) == 1 else closing)
        case dict():
            entries = ((f"{expression(key, source).flat}: ", expression(item, source)) for key, item in value.items())
            return Expression("{", tuple(entries), "}")
        case partial():
            made = call(value.func, value.args, value.keywords, source)
            function = ("", Expression(made.opening.removesuffix("(")))
            return Expression(f"{source.name_of(partial)}(", (function, *made.parts), ")")
        case type() | FunctionType():
            return Expression(source.name_of(value))
    if isinstance(value, Architecture):
        raise InputError(
            f"its constructor is given a {type(value).__name__}, whose class also holds the cost; give it the fields "
            f"that it needs, {OTHERWISE}"
        )
    if is_dataclass(value):
        return call(type(value), (), {f.name: getattr(value, f.name) for f in fields(value) if f.init}, source)
    raise InputError(
        f"its constructor is given a {type(value).__name__}; give it numbers, texts, tuples, dictionaries, frozen "
        f"dataclasses, classes or functions, {OTHERWISE}"
    )
