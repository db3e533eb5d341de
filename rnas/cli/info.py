"""Commands that tell what there is: spaces, presets, doctor."""

import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from rnas import registry
from rnas.cli.output import AsJson, print_json, stdout
from rnas.errors import InputError

_EXTRAS = {
    "nni": ("nni", "pytorch-lightning"),
    "ray": ("ray",),
    "onnx": ("onnx", "onnxscript", "onnxruntime"),
    "postgres": ("psycopg",),
}

_CHECKSUMS = {
    None: "",
    True: ", files as published",
    False: ", files whose checksums are not the published ones",
}


def spaces(
    name: Annotated[str | None, typer.Argument(help="Show one space's variables.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the search spaces, or the variables of one."""
    if name is None:
        rows = {space: registry.load(registry.SEARCH_SPACES, space).summary for space in _spaces()}
        if as_json:
            print_json(rows)
        else:
            _print_pairs("space", "what it holds", rows)
        return
    space_class = registry.load(registry.SEARCH_SPACES, name)
    shape, classes = space_class.usual_images
    space = space_class(space_class.Settings(), shape, classes)
    low, high = space.flops_range
    content: dict[str, Any] = {
        "name": name,
        "summary": space.summary,
        "variables": {v.name: list(v.choices) for v in space.variables},
        "genomes": space.size,
        "flops": {"least": low, "greatest": high, "input_shape": list(shape)},
        "settings": {
            key: field.annotation.__name__ if isinstance(field.annotation, type) else str(field.annotation)
            for key, field in space_class.Settings.model_fields.items()
        },
    }
    if as_json:
        print_json(content)
        return
    from rnas.quantities import format_size

    variables = {key: " ".join(map(str, choices)) for key, choices in content["variables"].items()}
    _print_pairs("variable", "choices", variables)
    stdout().print(
        f"{space.size:.3g} genomes; {format_size(low)} to {format_size(high)} FLOPs at {'x'.join(map(str, shape))}. "
        "Narrow a variable in a config:\n"
        f"space: {{name: {name}, narrow: {{{space.variables[0].name}: [{space.variables[0].choices[0]}]}}}}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


def presets(
    name: Annotated[str | None, typer.Argument(help="Print one preset, to edit and search with.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the presets, or print one as a config."""
    from rnas.presets import preset, preset_names, preset_text

    if name is not None:
        if as_json:
            print_json(preset(name))
        else:
            print(preset_text(name), end="")
        return
    first = {known: preset_text(known).splitlines()[0].lstrip("# ") for known in preset_names()}
    if as_json:
        print_json(first)
    else:
        _print_pairs("preset", "what for", first)


def doctor(
    data_dir: Annotated[Path | None, typer.Option(help="Look for data sets' files here.")] = None,
    as_json: AsJson = False,
) -> None:
    """Tell what is installed, which device there is, and whether data are found."""
    import torch

    from rnas.config import available_cores
    from rnas.provenance import versions

    data: dict[str, str] = {}
    for name in registry.names(registry.DATASETS):
        try:
            dataset = registry.load(registry.DATASETS, name)(data_dir)
            data[name] = f"found, {len(dataset.labels):,} images{_CHECKSUMS[dataset.verified]}"
        except InputError as error:
            data[name] = f"not found: {error}"
    gpus = [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
    content: dict[str, Any] = {
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "cores": available_cores(),
        "gpus": gpus,
        "versions": versions(),
        "extras": {extra: _installed(packages) for extra, packages in _EXTRAS.items()},
        "data": data,
    }
    if as_json:
        print_json(content)
        return
    rows = {
        "python": f"{content['python']} on {content['platform']}",
        "device": ", ".join(gpus) if gpus else f"cpu, {content['cores']} cores (no GPU is seen by torch)",
        **{f"library {name}": found for name, found in content["versions"].items() if name != "python"},
        **{f"extra {name}": found for name, found in content["extras"].items()},
        **{f"data {name}": found for name, found in data.items()},
    }
    _print_pairs("what", "state", rows)


def _spaces() -> list[str]:
    return registry.names(registry.SEARCH_SPACES)


def _installed(packages: tuple[str, ...]) -> str:
    try:
        return ", ".join(f"{package} {version(package)}" for package in packages)
    except PackageNotFoundError as error:
        return f"not installed ({error.name} is missing)"


def _print_pairs(first: str, second: str, rows: dict[str, str]) -> None:
    table = Table(first, second, box=None, pad_edge=False)
    for name, text in rows.items():
        table.add_row(name, text)
    stdout().print(table, highlight=False, markup=False)
