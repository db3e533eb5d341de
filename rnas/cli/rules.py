"""``rnas rules``: what a search says of depth and width."""

from pathlib import Path
from typing import Annotated

import typer

from rnas.cli.console import AsJson, Run, Score, print_json, stderr, stdout


def rules(
    directory: Run,
    metric: Score = None,
    save: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the likeliest rule here, for rnas scale --rule.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write tables and figures here, as one page.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Extract the rule of depth and width from a search, with its uncertainty, and compare it with RobustScaling.

    Each part has a verdict: it agrees with RobustScaling, differs, is explained by capacity, is at the edge of the
    space, or is not identified. What was found stands in rules.json in the run's directory, and in its report.

    Examples:

      rnas rules runs/robust-resnet-1

      rnas rules runs/robust-resnet-1 --save rule.json --html rules.html

      rnas scale --flops 2G --rule rule.json
    """
    import errno
    import json

    from rnas.nas.search import RULES, Search
    from rnas.report._terminal import print_blocks
    from rnas.report.rules import blocks
    from rnas.scaling_rules.findings import fit_rule
    from rnas.utils.files import write_text

    search = Search.open(directory)
    found = fit_rule(search.result(), metric)
    content = found.to_dict()
    try:
        write_text(directory / RULES, json.dumps(content, indent=2, allow_nan=False) + "\n")
        search.write()
    except OSError as error:
        if error.errno not in (errno.EROFS, errno.EACCES, errno.EPERM):
            raise
        _say(f"{directory} cannot be written ({error.strerror}): {RULES} and the report stay as they are")
    if save is not None:
        found.saved_rule().save(save)
        open_parts = [family.name for family in found.rules.families if not family.verdict.claims]
        if open_parts:
            _say(f"{save}: the data do not decide {', '.join(open_parts)}; the file holds what is likeliest")
    if html is not None:
        from rnas.report._rules_page import render

        write_text(html, render(found))
    if as_json:
        print_json(content)
        return
    print_blocks(stdout(), blocks(content, found.saved_rule().sentence()))
    written = [path for path in (save, html) if path is not None]
    if written:
        stdout().print(f"Written: {', '.join(map(str, written))}", soft_wrap=True)


def _say(line: str) -> None:
    stderr().print(line, soft_wrap=True)
