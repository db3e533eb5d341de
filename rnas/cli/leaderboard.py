"""``rnas leaderboard``."""

from pathlib import Path
from typing import Annotated

import typer

from rnas.cli.console import AsJson, print_json, say, stdout


def leaderboard(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Folder that rnas evaluate ARCH -o DIR wrote to.")],
    as_json: AsJson = False,
) -> None:
    """Rank evaluated networks: write leaderboard.html and leaderboard.md, and print the tables.

    Evaluations on other data or images, or under other threats or attacks, stand in tables of their own. With --json
    the tables are printed instead, and no file is written.

    Example:

      rnas leaderboard results
    """
    from rnas.report._leaderboard_blocks import blocks, markdown, render
    from rnas.report._terminal import print_blocks
    from rnas.report.leaderboard_files import leaderboard as ranked
    from rnas.utils.files import write_text

    found = ranked(directory)
    if as_json:
        print_json(found.to_dict())
        return
    pages = {directory / "leaderboard.html": render(found.tables), directory / "leaderboard.md": markdown(found.tables)}
    for path, text in pages.items():
        write_text(path, text)
    print_blocks(stdout(), blocks(found.tables))
    say(stdout(), f"Written: {', '.join(map(str, pages))}")
