"""A run's rule on the terminal."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from rnas.report import rules
from rnas.report.page import ReportTable


def print_rules(console: Console, content: Mapping[str, Any]) -> None:
    """Verdicts first, then what they rest on; from the JSON of :class:`rnas.scaling_rules.findings.Findings`."""
    console.print(Text(f"{content['run']}: {rules.scope_sentence(content)}"))
    console.print()
    for name, verdict, reason in rules.verdict_sentences(content):
        console.print(Text.assemble((f"{name}: ", "bold"), (f"{verdict}. ", "bold"), reason))
    _section(console, "Optimum", rules.quantities_table(content), rules.METHOD)
    ranking = content["ranking"]
    _heading(console, "As the paper estimates it")
    console.print(Text(rules.PAPERS))
    for of in ("depth", "width"):
        table = rules.ranking_table(content, of)
        if table is not None:
            console.print(grid(table))
            for sentence in rules.ranking_sentences(content, of):
                console.print(Text(sentence))
    if ranking["missing"]:
        console.print(Text(f"Not to be had: {ranking['missing']}."))
    _section(console, "What predicts the scores", rules.explained_table(content), rules.explained_sentence(content))
    blocks = rules.blocks_table(content)
    if blocks is not None:
        _section(console, "Block", blocks, rules.BLOCKS)
    _heading(console, "Growth with the budget")
    console.print(Text(rules.exponents_sentence(content)))
    drifts = rules.drifts_table(content)
    if drifts is not None:
        _section(console, "Drift between rungs", drifts, rules.DRIFTS)


def grid(table: ReportTable) -> Grid:
    """A table for the terminal."""
    drawn = Grid(box=None, pad_edge=False)
    for number, heading in enumerate(table.headings):
        drawn.add_column(heading, justify="left" if number < table.words or not heading else "right")
    for row in table.rows:
        drawn.add_row(*map(Text, row))
    return drawn


def _section(console: Console, heading: str, table: ReportTable, *sentences: str) -> None:
    _heading(console, heading)
    console.print(grid(table))
    for sentence in sentences:
        console.print(Text(sentence))


def _heading(console: Console, text: str) -> None:
    console.print()
    console.print(Text(text, style="bold"))
