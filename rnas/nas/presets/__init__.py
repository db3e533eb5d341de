"""Configurations to start from, one YAML file each."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import yaml

from rnas.errors import InputError


def preset_names() -> list[str]:
    """Return the names of the presets, sorted."""
    return sorted(
        entry.name.removesuffix(".yaml") for entry in files(__name__).iterdir() if entry.name.endswith(".yaml")
    )


def preset_of(space: Any) -> str | None:
    """Return the name of the preset of a space, which is given as a config has it; None if it has no preset."""
    name = space.get("name") if isinstance(space, Mapping) else space
    return name if name in preset_names() else None


def preset_text(name: str) -> str:
    """Read the text of a preset's file, comments included; InputError if no preset has that name."""
    if name not in preset_names():
        raise InputError(f"unknown preset {name!r}; known: {', '.join(preset_names())}")
    return files(__name__).joinpath(f"{name}.yaml").read_text(encoding="utf-8")


def preset(name: str) -> dict[str, Any]:
    """Read a preset as a mapping; InputError if no preset has that name."""
    content: dict[str, Any] = yaml.safe_load(preset_text(name))
    return content
