"""``rnas presets``."""

from typing import Annotated

import typer

from rnas.cli.console import AsJson, print_json, print_rows


def presets(
    name: Annotated[str | None, typer.Argument(help="Print one preset, to edit and search with.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the presets, or print one as a config."""
    from rnas.nas.presets import preset, preset_names, preset_text

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
        print_rows(("preset", "what for"), first.items())
