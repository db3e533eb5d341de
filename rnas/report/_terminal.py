"""Print what people read of results on a terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from rnas.report._blocks import Block, Cell, Code, Column, Facts, Heading, Line, Table

_STYLES = {"": "", "strong": "bold", "note": "italic", "alarm": "bold red"}


def print_blocks(console: Console, blocks: Sequence[Block]) -> None:
    """Print blocks in order, with an empty line around everything but paragraphs.

    Args:
        console: where to print. Outside of a terminal tables are as wide as their cells need, and nothing is cut.
        blocks: what to print.
    """
    before: Block | None = None
    for block in blocks:
        paragraphs = _is_paragraph(before) and _is_paragraph(block)
        if not (before is None or paragraphs or isinstance(before, Heading)):
            console.print()
        _print_block(console, block)
        before = block


def _is_paragraph(block: Block | None) -> bool:
    return isinstance(block, str | Line)


def _print_block(console: Console, block: Block) -> None:
    match block:
        case str():
            _print_text(console, block)
        case Line(text, style, _):
            _print_text(console, text, _STYLES[style])
        case Heading(text):
            _print_text(console, text, "bold")
        case Code(text):
            console.print(Text(text), soft_wrap=True)
        case Facts():
            grid = Grid.grid(padding=(0, 2))
            for name, text in block.shown:
                grid.add_row(Text(name, style="bold"), Text(text, overflow="fold"))
            console.print(grid)
        case Table():
            _print_table(console, block.outside_pages(terminal=True))


def _print_text(console: Console, text: str, style: str = "") -> None:
    """Print a paragraph, which only a terminal breaks into lines: a file can be searched for whole sentences."""
    console.print(Text(text, style=style), soft_wrap=not console.is_terminal)


def _print_table(console: Console, table: Table) -> None:
    grid = Grid(box=None, pad_edge=False, collapse_padding=table.dense)
    for column in table.columns:
        grid.add_column(
            Text(column.title),
            justify="right" if column.number else "left",
            no_wrap=column.number or (column.one_line and not console.is_terminal),
            overflow="fold",
        )
    for row in (*table.body, *table.foot):
        grid.add_row(*(_text(cell, column) for cell, column in zip(row, table.columns, strict=True)))
    needed = console.measure(grid, options=console.options.update(width=10_000)).maximum
    if not console.is_terminal and any(column.one_line for column in table.columns) and needed > console.width:
        console.print(grid, width=needed, crop=False, no_wrap=True, overflow="ignore")
    else:
        console.print(grid)
    if table.caption:
        _print_text(console, table.caption)


def _text(cell: Cell, column: Column) -> Text:
    if column.one_line:
        # Rich would make a whole column that does not wrap as narrow as its numbers.
        return Text(str(cell), style=_STYLES[cell.style], no_wrap=True, overflow="ellipsis")
    return Text(str(cell), style=_STYLES[cell.style], overflow="fold")
