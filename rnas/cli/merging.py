"""From config, preset and options to one configuration."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rnas.errors import InputError
from rnas.evaluation.training_settings import TrainingSettings
from rnas.nas.config import SearchConfig
from rnas.nas.presets import preset as load_preset
from rnas.nas.presets import preset_of
from rnas.nas.space import SpaceSettings
from rnas.utils._yaml_files import read_mapping, set_key

_PRESETS = {"digits": "digits", "folder": "folder"}


def merged(
    config: Path | None, preset: str | None, options: Mapping[str, Any], assignments: list[str]
) -> tuple[dict[str, Any], Path, str]:
    """Return the configuration as a mapping, the folder of its relative paths, and its name for messages.

    Args:
        config: a YAML file.
        preset: name of a preset, instead of a config.
        options: what is given of the search, of its training and of the bands of its space.
        assignments: each ``KEY=VALUE``.

    Raises:
        InputError: both a config and a preset are given, or one cannot be read.
    """
    if config is not None and preset is not None:
        raise InputError(f"give a config or --preset, not both ({config} and {preset})")
    if config is not None:
        content, folder, source = read_mapping(config), config.parent, str(config)
    else:
        name = preset or preset_of(options.get("space")) or _PRESETS.get(options.get("data", "digits"), "cifar10-smoke")
        content, folder, source = load_preset(name), Path(), f"preset {name}"
    SearchConfig.parse(content, source)
    _apply(content, options)
    for assignment in assignments:
        set_key(content, assignment)
    return content, folder, source


def _apply(content: dict[str, Any], options: Mapping[str, Any]) -> None:
    content |= {key: value for key, value in options.items() if key in SearchConfig.model_fields and key != "space"}
    if options.get("space", _space(content)["name"]) != _space(content)["name"]:
        # Another space has variables, and so settings, of its own.
        content["space"] = {"name": options["space"]}
    bands = {key: value for key, value in options.items() if key in SpaceSettings.model_fields}
    if bands:
        content["space"] = {**_space(content), **bands}
    training = {key: value for key, value in options.items() if key in TrainingSettings.model_fields}
    if "data_dir" in training:
        # What is typed starts where it is typed, not at the config.
        training["data_dir"] = str(training["data_dir"].expanduser().absolute())
    if training:
        evaluator = content.get("evaluator", {"train": {}})
        if not isinstance(evaluator.get("train", 0), dict | None):
            raise InputError(
                f"--{next(iter(training)).replace('_', '-')} is for evaluators that train; this one does not"
            )
        content["evaluator"] = {**evaluator, "train": {**(evaluator["train"] or {}), **training}}


def _space(content: dict[str, Any]) -> dict[str, Any]:
    space = content.get("space", {"name": "robust-resnet"})
    return {"name": space} if isinstance(space, str) else space
