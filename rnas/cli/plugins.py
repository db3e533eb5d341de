"""``rnas plugins``."""

from dataclasses import asdict, dataclass
from importlib.metadata import EntryPoint, distributions, entry_points
from typing import Annotated

import typer

from rnas import registry
from rnas.cli.console import AsJson, print_json, print_rows
from rnas.errors import InputError, error_text
from rnas.utils._text import one_line

_PREFIX = "rnas."

KINDS = tuple(
    sorted(
        group.removeprefix(_PREFIX)
        for group in (
            registry.ARCHITECTURES,
            registry.ATTACKS,
            registry.BASELINES,
            registry.BLOCKS,
            registry.CELL_SEARCHES,
            registry.DATASETS,
            registry.DIAGNOSTICS,
            registry.EVALUATORS,
            registry.EXPERIMENTS,
            registry.EXPORTS,
            registry.FIGURES,
            registry.LISTENERS,
            registry.PREDICTORS,
            registry.PROXIES,
            registry.RECIPES,
            registry.REPORTS,
            registry.SEARCH_SPACES,
            registry.STRATEGIES,
            registry.REPLICATIONS,
        )
    )
)
"""The kinds of plug-ins, each the name of its entry point group without ``rnas.``."""


@dataclass(frozen=True)
class Plugin:
    """Describe a registered plug-in.

    Attributes:
        kind: its entry point group without ``rnas.``; that of another package need not be one of :data:`KINDS`.
        name: its registered name.
        object: the place that it is loaded from, ``module:attribute``.
        distribution: package that registers it, as pip names it; empty if it is not known.
        version: version of the package.
        error: why it does not load, in one line; None if it loads.
    """

    kind: str
    name: str
    object: str
    distribution: str
    version: str
    error: str | None


def plugins(
    kind: Annotated[str | None, typer.Argument(help="Only one kind, such as attacks; all without.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the registered plug-ins, ours and other packages', and whether each loads.

    A kind is an entry point group without its "rnas.".

    Examples:

      rnas plugins

      rnas plugins attacks

      rnas plugins search_spaces --json
    """
    if kind is not None and kind not in KINDS:
        raise InputError(f"unknown kind of plug-ins {kind!r}; known: {', '.join(KINDS)}")
    found = registered(kind)
    if as_json:
        print_json([asdict(plugin) for plugin in found])
        return
    rows = (
        (
            plugin.kind,
            plugin.name,
            plugin.object,
            f"{plugin.distribution} {plugin.version}".strip(),
            "yes" if plugin.error is None else f"no: {plugin.error}",
        )
        for plugin in found
    )
    print_rows(("kind", "name", "object", "package", "loads"), rows)


def registered(kind: str | None = None) -> list[Plugin]:
    """Return the plug-ins of one kind or of all, sorted by kind and name; each is loaded to see whether it loads.

    Args:
        kind: one of :data:`KINDS`. None is all, and those under a group of rnas that does not exist.
    """
    kinds = {*KINDS, *_unknown_kinds()} if kind is None else {kind}
    points = [point for known in kinds for point in entry_points(group=_PREFIX + known)]
    return sorted(
        (_plugin(point) for point in points), key=lambda plugin: (plugin.kind, plugin.name, plugin.distribution)
    )


def _unknown_kinds() -> set[str]:
    """Return groups that do not exist, such as ``attack`` if a package registers its plug-in under ``rnas.attack``."""
    groups = {point.group for package in distributions() for point in package.entry_points}
    return {group.removeprefix(_PREFIX) for group in groups if group.startswith(_PREFIX)} - set(KINDS)


def _plugin(point: EntryPoint) -> Plugin:
    package = ("", "") if point.dist is None else (point.dist.name, point.dist.version)
    return Plugin(point.group.removeprefix(_PREFIX), point.name, point.value, *package, _error(point))


def _error(point: EntryPoint) -> str | None:
    if point.group.removeprefix(_PREFIX) not in KINDS:
        return f"{point.group} is no group of rnas; use one of {', '.join(_PREFIX + kind for kind in KINDS)}"
    try:
        registry.load(point.group, point.name)
    except InputError as error:
        return _reason(error.__cause__ or error)
    except Exception as error:  # Another package's module may raise anything while it is imported.
        return _reason(error)
    return None


def _reason(error: BaseException) -> str:
    words = one_line(error_text(error))
    return words if isinstance(error, InputError) else f"{type(error).__name__}: {words}"
