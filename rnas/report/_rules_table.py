"""The findings of a run and a saved rule as tables for the terminal."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.table import Table as Grid
from rich.text import Text

from rnas.report import rules
from rnas.report._page import ReportTable
from rnas.scaling_rules.saved_rule import ROBUST_SCALING, SavedRule
from rnas.utils.quantities import format_size


def print_rules(console: Console, content: Mapping[str, Any]) -> None:
    """Verdicts first, then what they rest on; from the JSON of :class:`rnas.Findings`."""
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


def print_rule(console: Console, saved: SavedRule) -> None:
    """The rule in a sentence, what it was fitted on, and its numbers."""
    console.print(Text.assemble(("The rule: ", "bold"), saved.sentence(), "."))
    if origin := _origin(saved):
        console.print(Text(f"{origin}."))
    console.print()
    console.print(rule_table(saved))


def rule_table(saved: SavedRule) -> Table:
    """Return every quantity with its interval, if known, and RobustScaling's value if it has as many stages."""
    published = ROBUST_SCALING.values if len(saved.rule.depths) == len(ROBUST_SCALING.rule.depths) else {}
    table = Table(box=None, pad_edge=False)
    table.add_column("quantity", no_wrap=True)
    table.add_column("share", justify="right")
    if saved.intervals:
        table.add_column(f"{100 * saved.confidence:g} % interval", justify="right")
    if published:
        table.add_column("RobustScaling", justify="right")
    for name, value in saved.values.items():
        cells = [name, f"{value:.3f}"]
        if saved.intervals:
            cells.append("to".join(f" {end:.3f} " for end in saved.intervals.get(name, ())).strip())
        if published:
            cells.append(f"{published[name]:.3f}")
        table.add_row(*map(Text, cells))
    return table


def _origin(saved: SavedRule) -> str:
    evaluations = "" if saved.evaluations is None else f"{saved.evaluations:,} evaluations"
    budgets = f"at {', '.join(map(format_size, saved.budgets))} FLOPs" if saved.budgets else ""
    ledger = f"ledger {saved.ledger}" if saved.ledger else ""
    fitted = " ".join(part for part in (evaluations, budgets) if part)
    parts = [saved.source, f"for {saved.metric}" if saved.metric else "", fitted, ledger]
    return "; ".join(part for part in parts if part)
