"""Options of commands from the pydantic models of what they set: a setting is described in its model alone."""

import functools
import inspect
import re
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import annotated_types
import typer
from pydantic import BaseModel, BeforeValidator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from rnas.utils._model_keys import field_of, meaning
from rnas.utils._yaml_files import parse_yaml, read_yaml

_SIMPLE = (bool, int, float, str, Path)


@dataclass(frozen=True)
class Setting:
    """An option that sets one field of a model.

    Attributes:
        key: the field, with dots between nested names, such as ``fidelity.epochs``.
        name: of the option, with underscores; the last part of the key where it is empty.
        default: in words what holds where the option is not given; the field's default where it is empty.
        required: whether it has to be given although the field has a default.
        argument: whether it is an argument and not an option.
        repeated: whether it is given once for each item of a list, and not once with commas between them.
        metavar: what stands for its value in help.
        shows_default: whether help says the default; without, the option may be left out.
    """

    key: str
    name: str = ""
    default: str = ""
    required: bool = False
    argument: bool = False
    repeated: bool = False
    metavar: str | None = None
    shows_default: bool = True

    @property
    def parameter(self) -> str:
        """Return the name of the function's parameter."""
        return self.name or self.key.rpartition(".")[2]


Command = Callable[..., None]


def with_settings(
    model: type[BaseModel], *settings: Setting | str, into: str = "settings"
) -> Callable[[Command], Command]:
    """Give a command an option for each of some fields of a model.

    The options stand in the place of one parameter of the command. It receives a mapping of those that were given, by
    their names: ``{"epochs": 3}`` for ``--epochs 3``.

    Args:
        model: describes the fields, their types, bounds and defaults.
        settings: the fields; a text is a setting of that key.
        into: name of the parameter of the command.
    """
    wanted = [Setting(setting) if isinstance(setting, str) else setting for setting in settings]
    made = {setting.parameter: parameter(field_of(model, setting.key), setting) for setting in wanted}

    def decorated(command: Command) -> Command:
        own = inspect.signature(command, eval_str=True)

        @functools.wraps(command)
        def run(**values: Any) -> None:
            content: dict[str, Any] = {}
            for setting in wanted:
                value = values.pop(setting.parameter)
                if value is not None and value != []:
                    content[setting.parameter] = _read(field_of(model, setting.key), value)
            command(**values, **{into: content})

        parameters = [
            new
            for old in own.parameters.values()
            for new in (made.values() if old.name == into else (old.replace(kind=inspect.Parameter.KEYWORD_ONLY),))
        ]
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {new.name: new.annotation for new in parameters}
        del run.__wrapped__
        return run

    return decorated


def parameter(field: FieldInfo, setting: Setting) -> inspect.Parameter:
    """Return the parameter of a command that sets a field."""
    kind: Any = list[str] if setting.repeated else _kind(field)
    low, high = _bounds(field) if kind is int else (None, None)
    text = meaning(field)
    if kind is bool:
        text = text.removeprefix("Whether to ")
        text = f"{text[:1].upper()}{text[1:]}"
    words = setting.default or _words(field)
    # What None means is the default of the option.
    without = re.fullmatch(r"(?P<text>.*); None (?:is|keeps|means|takes|adds) (?P<words>.*)", text.removesuffix("."))
    if without is not None:
        text, words = f"{without['text']}.", setting.default or without["words"]
    if _is_model(field.annotation):
        text = f"{text.removesuffix('.')}, or a YAML file of it."
    if setting.repeated:
        text = f"{text} May be repeated."
    if words and setting.shows_default:
        text = f"{text.removesuffix('.')} [default: {words}]."
    choices = "|".join(map(str, get_args(_inner(field.annotation)))) if _is_literal(field.annotation) else None
    metavar = setting.metavar or choices
    name = setting.parameter.replace("_", "-")
    names = (f"--{name}/--no-{name}",) if kind is bool else (f"--{name}",)
    option = (
        typer.Argument(help=text, metavar=metavar, show_default=False, min=low, max=high)
        if setting.argument
        else typer.Option(*names, help=text, metavar=metavar, show_default=False, min=low, max=high)
    )
    required = setting.required or (field.is_required() and setting.shows_default and not setting.default)
    return inspect.Parameter(
        setting.parameter,
        inspect.Parameter.KEYWORD_ONLY,
        default=inspect.Parameter.empty if required else None,
        annotation=Annotated[kind if required else kind | None, option],
    )


def _read(field: FieldInfo, value: Any) -> Any:
    """Return a list from items with commas, a model from a mapping or its file, and other values as they are."""
    if not isinstance(value, str):
        return value
    if _is_list(field.annotation):
        return [item.strip() for item in value.split(",")]
    if not _is_model(field.annotation):
        return value
    if Path(value).suffix in (".yaml", ".yml"):
        return read_yaml(Path(value))
    return parse_yaml(value, value) if value.lstrip().startswith("{") else value


def _inner(annotation: Any) -> Any:
    """Return an annotation without ``None`` and without constraints."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif get_origin(annotation) in (Union, types.UnionType):
            others = [member for member in get_args(annotation) if member is not type(None)]
            if len(others) != 1:
                return annotation
            annotation = others[0]
        else:
            return annotation


def _kind(field: FieldInfo) -> type:
    """Return the type of an option's value: the field's if the command line has it, else text for the model to read."""
    inner = _inner(field.annotation)
    constraints = (*field.metadata, *_constraints(field.annotation))
    reads_text = any(isinstance(constraint, BeforeValidator) for constraint in constraints)
    return inner if inner in _SIMPLE and not reads_text else str


def _is_literal(annotation: Any) -> bool:
    return get_origin(_inner(annotation)) is Literal


def _is_list(annotation: Any) -> bool:
    return get_origin(_inner(annotation)) in (tuple, list)


def _is_model(annotation: Any) -> bool:
    inner = _inner(annotation)
    return isinstance(inner, type) and issubclass(inner, BaseModel)


def _bounds(field: FieldInfo) -> tuple[int | None, int | None]:
    """Return the least and the greatest value of a whole number."""
    low = high = None
    for constraint in (*field.metadata, *_constraints(field.annotation)):
        match constraint:
            case annotated_types.Ge(ge=int(value)):
                low = value
            case annotated_types.Gt(gt=int(value)):
                low = value + 1
            case annotated_types.Le(le=int(value)):
                high = value
            case annotated_types.Lt(lt=int(value)):
                high = value - 1
    return low, high


def _constraints(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) is Annotated:
        yield from get_args(annotation)[1:]
    for argument in get_args(annotation):
        yield from _constraints(argument)


def _words(field: FieldInfo) -> str:
    """Return a field's default in words; empty where it has none, or None."""
    default = field.default
    if default in (None, PydanticUndefined) or isinstance(default, BaseModel):
        return ""
    if isinstance(default, tuple | list):
        return ",".join(map(str, default))
    if isinstance(default, bool):
        return "yes" if default else "no"
    return str(default)
