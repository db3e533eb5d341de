"""Finding parts by name: our own and other people's, all through entry points.

A part is one file and one line in the ``[project.entry-points]`` table of the package it lives in.
"""

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from rnas.errors import InputError

ARCHITECTURES = "rnas.architectures"
BLOCKS = "rnas.blocks"
SEARCH_SPACES = "rnas.search_spaces"
BASELINES = "rnas.baselines"
DATASETS = "rnas.datasets"
RECIPES = "rnas.recipes"
ATTACKS = "rnas.attacks"
STRATEGIES = "rnas.strategies"
PREDICTORS = "rnas.predictors"
EVALUATORS = "rnas.evaluators"
DIAGNOSTICS = "rnas.diagnostics"
PROXIES = "rnas.proxies"
STUDIES = "rnas.studies"
EXPORTS = "rnas.exports"


@cache
def _group(group: str) -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=group)}


def names(group: str) -> list[str]:
    """Names registered under an entry point group, sorted."""
    return sorted(_group(group))


@cache
def load(group: str, name: str) -> Any:
    """The object registered as ``name``; InputError with the known names when there is none."""
    point = _group(group).get(name)
    if point is None:
        kinds = group.removeprefix("rnas.").replace("_", " ")
        kind = f"{kinds[:-3]}y" if kinds.endswith("ies") else kinds.removesuffix("s")
        known = ", ".join(names(group)) or "none is installed"
        raise InputError(f"unknown {kind} {name!r}; known: {known}")
    return point.load()
