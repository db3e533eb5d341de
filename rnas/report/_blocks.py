"""Describe what people read of results, for every form: terminal, page, Markdown, LaTeX."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress, groupby
from typing import ClassVar, Literal

Style = Literal["", "strong", "note", "alarm"]
"""``note`` is a caveat that a reader must know; ``alarm`` is a reason to doubt a number."""


@dataclass(frozen=True)
class Cell:
    """Hold one cell of a table.

    Attributes:
        text: what it says.
        small: what follows in small print, such as an interval.
        letters: letters of its groups, which are raised where that is possible.
        style: how it stands out.
        picture: drawing below the text, as markup; only pages have it.
        value: what the rows of a page are sorted by.
        link: where the text leads to, on a page.
        opens: row of the network that the text opens, on a page with a panel.
    """

    text: str
    small: str = ""
    letters: str = ""
    style: Style = ""
    picture: str = ""
    value: float | str | None = None
    link: str = ""
    opens: int | None = None

    def __str__(self) -> str:
        return " ".join(part for part in (self.text, self.small, self.letters) if part)


Row = tuple[Cell | str, ...]
"""Cells, one for each column; a text is a cell that has only a text."""


@dataclass(frozen=True)
class Column:
    """Describe a column.

    Attributes:
        title: its heading, with the unit.
        group: what it and its neighbours of the same group are about, which stands above them on a page; elsewhere it
            is the heading of the first of them.
        number: whether it holds numbers, which are aligned to the right.
        page_only: whether only pages show it.
        wide_only: whether a terminal leaves it out, for which it makes the table too wide.
        one_line: whether a terminal cuts its cells rather than wraps them; nothing else cuts them.
    """

    title: str
    group: str = ""
    number: bool = False
    page_only: bool = False
    wide_only: bool = False
    one_line: bool = False


@dataclass(frozen=True)
class Table:
    """Hold a table.

    Attributes:
        columns: the columns, in order.
        rows: the rows, with a cell for each column.
        caption: what the table holds.
        footer: rows about the columns.
        dense: whether columns stand close together on a terminal.
        sortable: whether every heading of a page sorts the rows.
    """

    kind: ClassVar[str] = "table"
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    caption: str = ""
    footer: tuple[Row, ...] = ()
    dense: bool = False
    sortable: bool = False

    @property
    def headings(self) -> tuple[str, ...]:
        """Return the titles of the columns."""
        return tuple(column.title for column in self.columns)

    @property
    def naming(self) -> int:
        """Return which column names the rows: the first that holds words."""
        return next((at for at, column in enumerate(self.columns) if not column.number), 0)

    @property
    def groups(self) -> list[tuple[str, int]]:
        """Return each group of columns with the number of its columns; empty if no column has a group."""
        found = [(name, len(list(members))) for name, members in groupby(self.columns, lambda column: column.group)]
        return found if any(name for name, _ in found) else []

    @property
    def body(self) -> list[list[Cell]]:
        """Return the rows as cells."""
        return [list(map(cell_of, row)) for row in self.rows]

    @property
    def foot(self) -> list[list[Cell]]:
        """Return the footer as cells."""
        return [list(map(cell_of, row)) for row in self.footer]

    def outside_pages(self, terminal: bool = False) -> "Table":
        """Return the table without the columns that only pages show, or that a terminal leaves out."""
        shown = [not (column.page_only or (terminal and column.wide_only)) for column in self.columns]
        groups = ("", *(column.group for column in self.columns))
        columns = (
            replace(column, title=column.group) if column.group not in ("", before) else column
            for column, before in zip(self.columns, groups, strict=False)
        )
        return replace(
            self,
            columns=tuple(compress(columns, shown)),
            rows=tuple(tuple(compress(row, shown)) for row in self.rows),
            footer=tuple(tuple(compress(row, shown)) for row in self.footer),
        )


@dataclass(frozen=True)
class Line:
    """Hold a paragraph that stands out; a link of a page may lead to its id."""

    kind: ClassVar[str] = "line"
    text: str
    style: Style
    id: str = ""


@dataclass(frozen=True)
class Heading:
    """Hold the heading of what follows, which is a section of a page."""

    kind: ClassVar[str] = "heading"
    text: str

    @property
    def id(self) -> str:
        """Return what a link to the section ends in."""
        return re.sub(r"\W+", "-", self.text.lower())


@dataclass(frozen=True)
class Facts:
    """Hold texts by name. Empty texts are left out."""

    kind: ClassVar[str] = "facts"
    facts: Mapping[str, str]

    @property
    def shown(self) -> list[tuple[str, str]]:
        """Return names and texts that are not empty."""
        return [(name, text) for name, text in self.facts.items() if text]


@dataclass(frozen=True)
class Code:
    """Hold text whose lines and spaces stay as they are."""

    kind: ClassVar[str] = "code"
    text: str


@dataclass(frozen=True)
class Figure:
    """Hold the place of a figure that the script of a page draws.

    Attributes:
        id: of the figure in the data of the script.
        label: what it shows, for readers who do not see it.
    """

    kind: ClassVar[str] = "figure"
    id: str
    label: str


Block = str | Line | Heading | Facts | Code | Figure | Table
"""A text is a paragraph."""


def cell_of(cell: Cell | str) -> Cell:
    """Return a cell, also of a text."""
    return Cell(cell) if isinstance(cell, str) else cell


def columns(*titles: str, words: int = 1, last_words: int = 0) -> tuple[Column, ...]:
    """Return columns by their titles.

    Args:
        titles: the titles, in order. A column without one holds words.
        words: how many of the first columns hold words; the others hold numbers.
        last_words: how many of the last columns hold words.
    """
    numbers = range(words, len(titles) - last_words)
    return tuple(Column(title, number=at in numbers and bool(title)) for at, title in enumerate(titles))


def notes(texts: Sequence[str]) -> list[Line]:
    """Return caveats as paragraphs that stand out."""
    return [Line(text, "note") for text in texts]
