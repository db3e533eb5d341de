"""Configurations to start from, one YAML file each."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import yaml

from rnas.errors import InputError


def preset_names() -> list[str]:
    """Names of the presets, sorted."""
    return sorted(
        entry.name.removesuffix(".yaml") for entry in files(__name__).iterdir() if entry.name.endswith(".yaml")
    )


def preset_of(space: Any) -> str | None:
    """Name of the preset that a space has of its own, by the space as a config has it; None where it has none."""
    name = space.get("name") if isinstance(space, Mapping) else space
    return name if name in preset_names() else None


def preset_text(name: str) -> str:
    """A preset as it stands in its file, comments and all; InputError where there is none of that name."""
    if name not in preset_names():
        raise InputError(f"unknown preset {name!r}; known: {', '.join(preset_names())}")
    return files(__name__).joinpath(f"{name}.yaml").read_text(encoding="utf-8")


def preset(name: str) -> dict[str, Any]:
    """A preset as a mapping; InputError where there is none of that name."""
    content: dict[str, Any] = yaml.safe_load(preset_text(name))
    return content
