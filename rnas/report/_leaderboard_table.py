"""A leaderboard for the terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from rnas.report._leaderboard_text import against_the_best, explanation, percent, span_text, title
from rnas.report.leaderboard import LeaderboardTable
from rnas.utils.quantities import format_size


def print_tables(console: Console, tables: Sequence[LeaderboardTable]) -> None:
    """Print each table with what it compares, why it stands apart, and its flags in red."""
    for number, table in enumerate(tables, 1):
        heading = f"Table {number}: {title(table)}" if len(tables) > 1 else title(table)
        console.print(Text(heading, style="bold"))
        if table.apart:
            console.print(Text(table.apart))
        facts = Grid.grid(padding=(0, 2))
        for name, value in table.setting.items():
            facts.add_row(Text(name), Text(value, overflow="fold"))
        console.print(facts)
        for note in table.notes:
            console.print(Text(note, style="italic"))
        console.print()
        console.print(_grid(table))
        console.print()
        console.print(Text(explanation(table)))
        for row in table.rows:
            for flag in row.entry.flags:
                console.print(Text.assemble((f"{row.name}: {flag.name}. ", "bold red"), flag.explanation))
        console.print()


def _grid(table: LeaderboardTable) -> Grid:
    grid = Grid(box=None, pad_edge=False)
    for heading in ("#", "worst case %", "95 % interval", "clean %", "params", "FLOPs"):
        grid.add_column(heading, justify="right", no_wrap=True)
    grid.add_column("against the best", no_wrap=True)
    grid.add_column("network", overflow="fold")
    for row in table.rows:
        worst = row.entry.worst_case.share
        cells = [str(row.place), percent(worst.value), span_text(worst), percent(row.entry.clean.share.value)]
        cells += [format_size(row.entry.params), row.entry.flops_text, against_the_best(row)]
        grid.add_row(*map(Text, cells), Text(row.name, style="red" if row.entry.flags else ""))
    return grid
