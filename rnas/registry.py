"""Find plug-ins by name: our own and other people's, all through entry points.

A plug-in is one file and one line in the ``[project.entry-points]`` table of the package it lives in.
"""

from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from rnas.errors import InputError, error_text

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
REPLICATIONS = "rnas.replications"
CELL_SEARCHES = "rnas.cell_searches"
EXPORTS = "rnas.exports"
EXPERIMENTS = "rnas.experiments"
REPORTS = "rnas.reports"
FIGURES = "rnas.figures"
LISTENERS = "rnas.listeners"
_SHOWN = 200


@cache
def _group(group: str) -> dict[str, tuple[EntryPoint, ...]]:
    """Return the entry points of each name. A name has several if several packages register it."""
    found: dict[str, tuple[EntryPoint, ...]] = {}
    for point in entry_points(group=group):
        # A package that is found twice, as one that is installed to be edited, registers the same twice.
        others = [other for other in found.get(point.name, ()) if other.value != point.value]
        found[point.name] = (*others, point)
    return found


def names(group: str) -> list[str]:
    """Return the names that are registered under an entry point group, sorted."""
    return sorted(_group(group))


def load(group: str, name: str) -> Any:
    """Return the object registered as ``name``.

    Raises:
        InputError: nothing has this name (the message lists the known ones), several packages register it, or it cannot
            be loaded.
    """
    points = _group(group).get(name, ())
    kind = _kind(group)
    if not points:
        known = ", ".join(names(group)) or "none is installed"
        raise InputError(f"unknown {kind} {name[:_SHOWN]!r}; known: {known}")
    if len(points) > 1:
        owners = " and ".join(f"{_owner(point)} ({point.value})" for point in points)
        raise InputError(f"{kind} {name!r} is registered by {owners}: uninstall one, or rename its entry point")
    try:
        return points[0].load()
    except (ImportError, AttributeError) as error:
        reason = next(iter(error_text(error).splitlines()), type(error).__name__)
        raise InputError(
            f"{kind} {name!r} of {_owner(points[0])} cannot be loaded from {points[0].value}: {reason}"
        ) from error


def load_or_import(group: str, name: str) -> Any:
    """Return the object registered as ``name``, or the one that ``package.module:name`` imports.

    The name comes from the user, or from a configuration that is about to be run: importing runs code.

    Raises:
        InputError: as :func:`load` and :func:`imported`.
    """
    return imported(name, _kind(group)) if is_import(group, name) else load(group, name)


def is_import(group: str, name: str) -> bool:
    """Return whether a name says where to import something that is not registered."""
    return ":" in name and name not in _group(group)


def imported(place: str, kind: str) -> Any:
    """Return the object at ``package.module:name``.

    Args:
        place: ``package.module:name``.
        kind: kind of the object, for the message.

    Raises:
        InputError: it cannot be imported.
    """
    module, colon, name = place.partition(":")
    if not (module and colon and name):
        raise InputError(f"{kind} {place[:_SHOWN]!r}: write package.module:name")
    try:
        found = import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except Exception as error:
        if module == "__main__":
            fix = f"it was defined in a script or a notebook: resume there, and give the {kind} again as an object"
        else:
            fix = "install its package, or put its folder on PYTHONPATH"
        reason = error_text(error).strip().splitlines() or [type(error).__name__]
        raise InputError(f"{kind} {place[:_SHOWN]!r}: cannot be imported ({reason[0]}); {fix}") from None
    return found


def origin(part: Any) -> str:
    """Return ``package.module:name`` of a class or a function; of anything else, that of its class."""
    named = part if hasattr(part, "__qualname__") else type(part)
    return f"{named.__module__}:{named.__qualname__}"


def name_of(group: str, part: Any) -> str:
    """Return the registered name of a class or of an object's class; if it has none, ``package.module:name``."""
    place = origin(part)
    return next((name for name, points in _group(group).items() if [p.value for p in points] == [place]), place)


def _kind(group: str) -> str:
    kinds = group.removeprefix("rnas.").replace("_", " ")
    if kinds.endswith("ies"):
        return f"{kinds[:-3]}y"
    return kinds.removesuffix("es") if kinds.endswith("ches") else kinds.removesuffix("s")


def _owner(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else "an unknown package"
