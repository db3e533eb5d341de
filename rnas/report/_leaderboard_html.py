"""Render a leaderboard as one HTML file that needs no other files."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rnas.report import _page as page
from rnas.report._leaderboard_text import against_the_best, explanation, headline, percent, span_text, title
from rnas.report._whisker import whisker
from rnas.report.leaderboard import LeaderboardFlag, LeaderboardRow, LeaderboardTable
from rnas.statistics.proportions import Proportion
from rnas.utils.quantities import format_size


@dataclass(frozen=True)
class Column:
    """A column: its heading, and whether its cells are numbers."""

    label: str
    number: bool = True


@dataclass(frozen=True)
class LeaderboardCell:
    """One cell: its class, its text, its value for sorting, and the interval or the flags below the text."""

    kind: Literal["number", "number worst", "name", "against"]
    text: str
    value: float | str
    interval: str = ""
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class LeaderboardLine:
    """One row of a table of the page, with its number."""

    number: int
    name: str
    cells: tuple[LeaderboardCell, ...]
    as_good: bool
    flags: tuple[LeaderboardFlag, ...]


def render(tables: Sequence[LeaderboardTable]) -> str:
    """Return the leaderboard as HTML text; equal tables give equal text.

    Every heading sorts its table, by mouse or keyboard; without scripts the tables are in order of robust accuracy.
    """
    views = [
        {
            "title": title(table),
            "apart": table.apart,
            "setting": table.setting,
            "notes": table.notes,
            "explanation": explanation(table),
            "columns": _columns(table),
            "rows": (lines := _lines(table)),
            "flagged": [line for line in lines if line.flags],
        }
        for table in tables
    ]
    return page.render(
        "leaderboard.html",
        scripts=("theme.js", "sorting.js", "leaderboard.js"),
        styles=("leaderboard.css",),
        summary=headline(tables),
        tables=views,
    )


def _columns(table: LeaderboardTable) -> list[Column]:
    attacks = [Column(name) for name in table.rows[0].entry.attacks]
    return [
        Column("#"),
        Column("Network", number=False),
        Column("Worst case %"),
        Column("95 % interval", number=False),
        Column("Against the best", number=False),
        Column("Clean %"),
        *attacks,
        Column("Params"),
        Column("FLOPs"),
    ]


def _lines(table: LeaderboardTable) -> list[LeaderboardLine]:
    shares = [row.entry.worst_case.share for row in table.rows]
    span = min(share.low for share in shares), max(share.high for share in shares)
    attacks = list(table.rows[0].entry.attacks)
    return [_line(number, row, span, attacks) for number, row in enumerate(table.rows, 1)]


def _line(number: int, row: LeaderboardRow, span: tuple[float, float], attacks: Sequence[str]) -> LeaderboardLine:
    entry = row.entry
    worst = entry.worst_case.share
    cells = (
        LeaderboardCell("number", str(row.place), row.place),
        LeaderboardCell("name", row.name, row.name, flags=tuple(flag.name for flag in entry.flags)),
        _accuracy(worst, "number worst"),
        LeaderboardCell("against", whisker(worst.low, worst.high, worst.value, span), worst.low),
        LeaderboardCell("against", against_the_best(row), 2.0 if row.p_value is None else row.p_value),
        _accuracy(entry.clean.share),
        *(_accuracy(entry.attacks[name].share) for name in attacks),
        LeaderboardCell("number", format_size(entry.params), entry.params),
        LeaderboardCell("number", entry.flops_text, entry.flops or 0),
    )
    return LeaderboardLine(number, row.name, cells, row.as_good_as_the_best, entry.flags)


def _accuracy(share: Proportion, kind: Literal["number", "number worst"] = "number") -> LeaderboardCell:
    return LeaderboardCell(kind, percent(share.value), share.value, span_text(share))
