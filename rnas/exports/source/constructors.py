"""The expression that makes a module of torch as it is."""

import ast
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from torch import nn

from rnas.errors import InputError

_NEVER_WRITTEN = ("device", "dtype")


def constructor(module: nn.Module, where: str) -> ast.Call:
    """The call that makes one of torch's own layers, arguments at their default left out unless they are numbers.

    Args:
        module: of a class that ``torch.nn`` exports, no container.
        where: its place in the network, for messages.

    Raises:
        InputError: the module does not keep what it was made from.
    """
    name = type(module).__name__
    parameters = inspect.signature(type(module).__init__).parameters.values()
    args: list[ast.expr] = []
    keywords: list[ast.keyword] = []
    for parameter in list(parameters)[1:]:
        if parameter.name in _NEVER_WRITTEN or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        required = parameter.default is parameter.empty
        if not hasattr(module, parameter.name):
            if required:
                raise InputError(f"{where}: nn.{name} does not keep its {parameter.name}, so that it cannot be written")
            continue
        if parameter.name == "bias" and getattr(module, "affine", True) is False:
            continue
        value = _argument(module, parameter.name)
        if required:
            args.append(literal(value, f"{where}: {parameter.name} of nn.{name}"))
        elif type(value) in (int, float) or value != parameter.default:
            keywords.append(ast.keyword(parameter.name, literal(value, f"{where}: {parameter.name} of nn.{name}")))
    return ast.Call(dotted(f"nn.{name}"), args, keywords)


def argument_names(function: ast.expr, known: Callable[[str], list[str] | None]) -> list[str]:
    """Names of the positional arguments of a call of a layer of torch or of a class that ``known`` knows."""
    text = ast.unparse(function)
    own = known(text)
    if own is not None:
        return own
    found = getattr(nn, text.removeprefix("nn."), None)
    return [] if found is None else list(inspect.signature(found.__init__).parameters)[1:]


def dotted(name: str) -> ast.expr:
    """The expression of a dotted name."""
    return ast.parse(name, mode="eval").body


def literal(value: Any, where: str) -> ast.expr:
    """The expression of a plain value; InputError for anything but numbers, texts, None and tuples of them."""
    if isinstance(value, tuple | list):
        parts = [literal(item, where) for item in value]
        return ast.List(parts) if isinstance(value, list) else ast.Tuple(parts)
    if value is None or type(value) in (bool, int, float, str):
        return ast.Constant(value)
    raise InputError(f"{where} is {value!r}, which cannot be written as source")


def _argument(module: nn.Module, name: str) -> Any:
    value = getattr(module, name)
    if name == "bias":
        return value is not None and value is not False
    if isinstance(value, tuple) and name != "normalized_shape" and len(set(value)) == 1:
        # As people write it: one number for both sides.
        return value[0]
    return value


def without_defaults(call: ast.Call) -> ast.Call:
    """The call of a layer of torch without the arguments that say what would be so anyway."""
    found = getattr(nn, ast.unparse(call.func).removeprefix("nn."), None)
    if found is None:
        return call
    parameters = inspect.signature(found.__init__).parameters
    keywords = [keyword for keyword in call.keywords if not _is_default(keyword, call, parameters)]
    return ast.Call(call.func, call.args, keywords)


def _is_default(keyword: ast.keyword, call: ast.Call, parameters: Mapping[str, inspect.Parameter]) -> bool:
    if not isinstance(keyword.value, ast.Constant) or keyword.arg is None:
        return False
    default, value = parameters[keyword.arg].default, keyword.value.value
    if default is None and keyword.arg == "stride":
        # A pooling's stride is its kernel where none is given.
        return ast.unparse(call.args[0]) == str(value)
    return type(value) is type(default) and bool(value == default)
