import io

from rich.console import Console

from rnas.report._blocks import Block, Cell, Column, Heading, Line, Table
from rnas.report._terminal import print_blocks

LONG = "depths " + "1-2-3 " * 30


def printed(*blocks: Block, terminal: bool, width: int = 60) -> list[str]:
    console = Console(file=io.StringIO(), width=width, force_terminal=terminal, color_system=None)
    print_blocks(console, blocks)
    file = console.file
    assert isinstance(file, io.StringIO)
    return [line.rstrip() for line in file.getvalue().splitlines()]


def test_only_a_terminal_cuts_a_cell() -> None:
    table = Table((Column("key"), Column("architecture", one_line=True)), (("a", LONG.strip()),))
    on_terminal, in_file = (printed(table, terminal=terminal)[1] for terminal in (True, False))
    assert on_terminal.endswith("\u2026")
    assert len(on_terminal) <= 60
    assert in_file == f"a    {LONG.strip()}"


def test_only_a_terminal_breaks_a_paragraph() -> None:
    assert printed(LONG.strip(), terminal=False) == [LONG.strip()]
    assert max(map(len, printed(LONG.strip(), terminal=True))) <= 60


def test_spaces_between_blocks_and_columns_of_pages() -> None:
    columns = (Column("n", number=True), Column("drawn", page_only=True), Column("attack", wide_only=True))
    table = Table(columns, ((Cell("10", "\u00b1 1", "a"), "", "5"),), "What it holds.", (("3", "", ""),))
    lines = printed(Line("one", "note"), "two", Heading("Part"), table, "three", terminal=False)
    assert [line.strip() for line in lines] == [
        *("one", "two", "", "Part", "n", "10 \u00b1 1 a", "3", "What it holds.", "", "three"),
    ]
