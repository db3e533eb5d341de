"""From config, preset and options to one configuration."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnas.errors import InputError
from rnas.nas.config import SearchConfig
from rnas.nas.presets import preset as load_preset
from rnas.nas.presets import preset_of
from rnas.utils._yaml_files import read_mapping, set_key

_PRESETS = {"digits": "digits", "cifar10": "cifar10-smoke"}


@dataclass(frozen=True)
class Options:
    """Options of ``rnas search`` that stand for keys of the config; None is not given."""

    space: str | None = None
    data: str | None = None
    data_dir: Path | None = None
    recipe: str | None = None
    eps: str | None = None
    flops: str | None = None
    params: str | None = None
    budget: int | None = None
    hours: float | None = None
    seed: int | None = None
    strategy: str | None = None
    workers: int | None = None


def merged(
    config: Path | None, preset: str | None, options: Options, assignments: list[str]
) -> tuple[dict[str, Any], Path, str]:
    """The configuration as a mapping, the folder of its relative paths, and its name for messages.

    Raises:
        InputError: both a config and a preset are given, or one cannot be read.
    """
    if config is not None and preset is not None:
        raise InputError(f"give a config or --preset, not both ({config} and {preset})")
    if config is not None:
        content, folder, source = read_mapping(config), config.parent, str(config)
    else:
        name = preset or preset_of(options.space) or _PRESETS.get(options.data or "digits", "cifar10-smoke")
        content, folder, source = load_preset(name), Path(), f"preset {name}"
    SearchConfig.parse(content, source)
    _apply(content, options)
    for assignment in assignments:
        set_key(content, assignment)
    return content, folder, source


def _apply(content: dict[str, Any], options: Options) -> None:
    for key in ("budget", "hours", "seed", "strategy", "workers"):
        value = getattr(options, key)
        if value is not None:
            content[key] = value
    if options.space is not None and options.space != _space(content)["name"]:
        # Another space has variables, and so settings, of its own.
        content["space"] = {"name": options.space}
    for band in ("flops", "params"):
        if getattr(options, band) is not None:
            content["space"] = {**_space(content), band: getattr(options, band)}
    training = {key: getattr(options, key) for key in ("data", "data_dir", "recipe", "eps")}
    training = {key: value for key, value in training.items() if value is not None}
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
