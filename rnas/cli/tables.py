"""``rnas tables``."""

import textwrap
from contextlib import suppress
from dataclasses import asdict
from typing import Annotated

import typer

from rnas import registry
from rnas.cli.console import AsJson, print_json, stdout
from rnas.errors import InputError
from rnas.nas.evaluators.lookup import Lookup, PublicTable
from rnas.report._blocks import Block, Table, columns
from rnas.report._terminal import print_blocks

_WIDTH = 100


def tables(
    name: Annotated[str | None, typer.Argument(help="Show all of one table.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the public tables that rnas reads: networks whose robustness others have measured.

    rnas neither contains nor downloads them. One table is shown with its licence, where to get it, how to cite it, and
    how to search it.

    Examples:

      rnas tables nares

      rnas search --preset nares --set evaluator.nares=cifar10.jsonl
    """
    found = _tables()
    if name is not None and name not in found:
        raise InputError(f"there is no public table {name!r}; known are {', '.join(found)}")
    if as_json:
        content = {known: asdict(table) for known, table in found.items()}
        print_json(content if name is None else content[name])
    elif name is None:
        print_blocks(stdout(), _overview(found))
    else:
        stdout().print("\n".join(_described(name, found[name])), soft_wrap=True)


def _tables() -> dict[str, PublicTable]:
    """Return the public tables by the names of the evaluators that read them."""
    found = {}
    for name in registry.names(registry.EVALUATORS):
        # One that cannot be loaded here hides no other.
        with suppress(InputError):
            evaluator = registry.load(registry.EVALUATORS, name)
            if isinstance(evaluator, type) and issubclass(evaluator, Lookup) and evaluator.about is not None:
                found[name] = evaluator.about
    return found


def _overview(found: dict[str, PublicTable]) -> list[Block]:
    rows = tuple((name, table.networks, table.data, table.space) for name, table in found.items())
    return [
        Table(columns("table", "networks", "data", "space", words=4), rows),
        "rnas tables NAME says what one holds, where to get it, how to cite it and how to search it.",
    ]


def _described(name: str, table: PublicTable) -> list[str]:
    search = f"rnas search --space {table.space} --set evaluator.{name}=PATH"
    parts = {
        "Holds": f"{table.networks} on {table.data}: {table.holds}",
        "Take care": table.caution,
        "Licence": table.licence,
        "Get it from": table.source,
        "Cite": table.citation,
        "Search it": search,
    }
    lines = [table.title]
    for heading, text in parts.items():
        if text:
            lines += ["", heading, *textwrap.wrap(text, _WIDTH, initial_indent="  ", subsequent_indent="  ")]
    return lines
