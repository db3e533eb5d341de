"""``rnas spaces``."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import yaml

from rnas import registry
from rnas.cli.console import AsJson, print_json, print_rows, stdout
from rnas.errors import InputError
from rnas.utils._model_keys import all_keys, meaning

if TYPE_CHECKING:
    from rnas.nas.space import SearchSpace
    from rnas.networks.architecture import Shape


def spaces(
    name: Annotated[str | None, typer.Argument(help="Show one space's settings and variables.")] = None,
    data: Annotated[
        str | None, typer.Option(help="Count its FLOPs at these data's images [default: at the space's usual ones].")
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder that holds the images' files.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the search spaces, or the settings and variables of one.

    Examples:

      rnas spaces robust-resnet --data digits
    """
    if name is None:
        if data is not None or data_dir is not None:
            raise InputError(
                "--data and --data-dir count one space's FLOPs: name it, as in rnas spaces NAME --data NAME"
            )
        rows = {space: registry.load(registry.SEARCH_SPACES, space).summary for space in _spaces()}
        if as_json:
            print_json(rows)
        else:
            print_rows(("space", "what it holds"), rows.items())
        return
    from rnas.nas.space import find_space

    space_class = find_space(name)
    shape, classes = _images(space_class, data, data_dir)
    space: SearchSpace = space_class(space_class.Settings(), shape, classes)
    low, high = space.flops_range
    settings = _settings(space)
    content: dict[str, Any] = {
        "name": name,
        "summary": space.summary,
        "variables": {v.name: list(v.choices) for v in space.variables},
        "genomes": space.size,
        "flops": {"least": low, "greatest": high, "input_shape": list(shape)},
        "settings": settings,
    }
    if as_json:
        print_json(content)
        return
    from rnas.utils.quantities import format_size

    _print_settings(settings)
    variables = {key: " ".join(map(str, choices)) for key, choices in content["variables"].items()}
    print_rows(("variable", "choices"), variables.items())
    variable = space.variables[0]
    stdout().print(
        f"\n{space.size:.3g} genomes; {format_size(low)} to {format_size(high)} FLOPs at "
        f"{'x'.join(map(str, shape))}{' (--data NAME: at its images)' if data is None else f', the images of {data}'}. "
        "Narrow a variable and give a band in a config, next to the settings:\n"
        f"space: {{name: {name}, narrow: {{{variable.name}: [{variable.choices[0]}]}}, "
        f"flops: [{format_size(low)}, {format_size(high)}]}}",
        soft_wrap=True,
    )


def _spaces() -> list[str]:
    return registry.names(registry.SEARCH_SPACES)


def _images(space_class: "type[SearchSpace]", data: str | None, folder: Path | None) -> "tuple[Shape, int]":
    """Return the image shape and the number of classes with which a space is shown."""
    if data is None:
        if folder is not None:
            raise InputError("--data-dir holds the files of some data: give --data too")
        return space_class.usual_images
    from rnas.data.loading import load_dataset

    dataset = load_dataset(data, folder)
    return dataset.input_shape, dataset.num_classes


def _settings(space: "SearchSpace") -> dict[str, dict[str, Any]]:
    """Return what a space adds to the settings of all spaces: defaults as a config has them, and what they mean."""
    from rnas.nas.space import SpaceSettings

    defaults = space.settings.model_dump(mode="json")
    variables = {variable.name: f"choices of variable {variable.name}" for variable in space.variables}
    return {
        key: {"default": defaults[key], "meaning": meaning(field) or variables.get(key, "")}
        for key, field in all_keys(type(space.settings))
        if key in defaults and key not in SpaceSettings.model_fields
    }


def _print_settings(settings: dict[str, dict[str, Any]]) -> None:
    if not settings:
        return
    rows = []
    for key, described in settings.items():
        # As it stands in a config; YAML ends a document that is one word with dots.
        default = yaml.safe_dump(described["default"], default_flow_style=True, width=math.inf)
        rows.append((key, default.removesuffix("...\n").strip(), described["meaning"]))
    print_rows(("setting", "default", "meaning"), rows)
    stdout().print()
