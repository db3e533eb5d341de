"""Print what people read of results on a terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from rnas.report._blocks import Block, Cell, Code, Column, Facts, Heading, Line, Table

_LONGEST_TITLE = 16
_WIDEST = 100_000
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
            Text(_broken(column.title) if column.number else column.title),
            justify="right" if column.number else "left",
            no_wrap=column.number or (column.one_line and not console.is_terminal),
            overflow="fold",
        )
    for row in (*table.body, *table.foot):
        grid.add_row(*(_text(cell, column) for cell, column in zip(row, table.columns, strict=True)))
    width = console.width
    if not console.is_terminal and any(column.one_line for column in table.columns):
        console.width = max(width, console.measure(grid, options=console.options.update(max_width=_WIDEST)).maximum)
    console.print(grid)
    console.width = width
    if table.caption:
        _print_text(console, table.caption)


def _text(cell: Cell, column: Column) -> Text:
    if column.one_line:
        # Rich would make a whole column that does not wrap as narrow as its numbers.
        return Text(str(cell), style=_STYLES[cell.style], no_wrap=True, overflow="ellipsis")
    return Text(str(cell), style=_STYLES[cell.style], overflow="fold")


def _broken(title: str) -> str:
    """Return a long heading in two lines, so that numbers make a narrow column."""
    blanks = [at for at, letter in enumerate(title) if letter == " "]
    if len(title) <= _LONGEST_TITLE or not blanks:
        return title
    at = min(blanks, key=lambda at: abs(at - len(title) / 2))
    return f"{title[:at]}\n{title[at + 1 :]}"
