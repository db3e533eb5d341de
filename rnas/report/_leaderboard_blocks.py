"""Describe a leaderboard: its tables, and the sentences about them."""

from collections.abc import Sequence

from rnas.report import _page as page
from rnas.report import _text_forms
from rnas.report._blocks import Block, Cell, Column, Facts, Heading, Line, Style, Table, notes
from rnas.report._whisker import whisker
from rnas.report.leaderboard import LEVEL, LeaderboardRow, LeaderboardTable
from rnas.statistics.proportions import Proportion
from rnas.utils.quantities import format_size

TITLE = "Robust accuracy"


def percent(value: float) -> str:
    """Format an accuracy in per cent, without the sign: ``54.30``."""
    return f"{100 * value:.2f}"


def span_text(share: Proportion) -> str:
    """Format the ends of an interval in per cent: ``53.3 to 55.3``."""
    return f"{100 * share.low:.1f} to {100 * share.high:.1f}"


def title(table: LeaderboardTable) -> str:
    """Return the facts that best distinguish tables."""
    return ", ".join(table.setting[name] for name in ("data", "threat"))


def against_the_best(row: LeaderboardRow) -> str:
    """Return the result of the paired test of a row."""
    if row.p_value is None:
        return "best"
    value = "p\u00a0<\u00a00.001" if row.p_value < 0.001 else f"p\u00a0=\u00a0{row.p_value:.3f}"
    return f"indistinguishable, {value}" if row.as_good_as_the_best else f"worse, {value}"


def explanation(table: LeaderboardTable) -> str:
    """Return the sentences that explain the numbers of a table and its tests."""
    images = table.rows[0].entry.worst_case.share.images
    tied = sum(row.as_good_as_the_best for row in table.rows)
    said = (
        f"Networks are in order of accuracy under all attacks together, on the same {images:,} images. "
        "Intervals are Wilson 95 % intervals. "
    )
    if len(table.rows) > 1:
        said += (
            "Each network is compared with the best by the exact McNemar test on these images, adjusted by Holm for "
            f"{len(table.rows) - 1} {'comparisons' if len(table.rows) > 2 else 'comparison'}; "
        )
        said += (
            f"{tied} of {len(table.rows)}, including the best itself, are indistinguishable from it at {LEVEL:g}. "
            if tied > 1
            else f"the best is distinguishable from all others at {LEVEL:g}. "
        )
    return said + "FLOPs are multiply-accumulates for one image."


def headline(tables: Sequence[LeaderboardTable]) -> str:
    """Return the sentence on the numbers of networks and tables."""
    networks = sum(len(table.rows) for table in tables)
    said = f"{networks} evaluation{'s' if networks != 1 else ''}"
    if len(tables) == 1:
        return f"{said}, comparable with each other."
    return f"{said} in {len(tables)} tables; numbers of different tables cannot be compared."


def blocks(tables: Sequence[LeaderboardTable]) -> list[Block]:
    """Return each table with what it compares, why it is separate, and its flags."""
    shown: list[Block] = []
    for number, table in enumerate(tables, 1):
        shown += [
            Heading(f"Table {number}: {title(table)}" if len(tables) > 1 else title(table)),
            *([table.apart] if table.apart else []),
            Facts(table.setting),
            *notes(table.notes),
            ranking_table(table, number),
            explanation(table),
        ]
        for place, row in enumerate(table.rows, 1):
            for at, flag in enumerate(row.entry.flags):
                anchor = "" if at else _anchor(number, place)
                shown.append(Line(f"{row.name}: {flag.name}. {flag.explanation}", "alarm", anchor))
    return shown


def ranking_table(table: LeaderboardTable, number: int = 1) -> Table:
    """Return the ranked networks; attacks are columns of pages and files only, since a terminal is too narrow.

    Args:
        table: what to show.
        number: its number on the page, from 1.
    """
    names = list(table.rows[0].entry.attacks)
    shares = [row.entry.worst_case.share for row in table.rows]
    span = min(share.low for share in shares), max(share.high for share in shares)
    columns = (
        Column("#", number=True),
        Column("network"),
        Column("worst case %", number=True),
        Column("95 % interval", page_only=True),
        Column("against the best"),
        Column("clean %", number=True),
        *(Column(name, number=True, wide_only=True) for name in names),
        Column("params", number=True),
        Column("FLOPs", number=True),
    )
    rows = []
    for place, row in enumerate(table.rows, 1):
        entry, flags = row.entry, row.entry.flags
        worst = entry.worst_case.share
        flagged = f"flagged: {', '.join(flag.name for flag in flags)}" if flags else ""
        anchor = f"#{_anchor(number, place)}" if flags else ""
        rows.append(
            (
                Cell(str(row.place), value=row.place, style="strong" if row.as_good_as_the_best else ""),
                Cell(row.name, flagged, value=row.name, style="alarm" if flags else "", link=anchor),
                _accuracy(worst, "strong"),
                Cell("", picture=whisker(worst.low, worst.high, worst.value, span), value=worst.low),
                Cell(against_the_best(row), value=2.0 if row.p_value is None else row.p_value),
                _accuracy(entry.clean.share),
                *(_accuracy(entry.attacks[name].share) for name in names),
                Cell(format_size(entry.params), value=entry.params),
                Cell(entry.flops_text, value=entry.flops or 0),
            )
        )
    caption = "Networks by accuracy under all attacks together, with 95 % intervals in brackets."
    return Table(columns, tuple(rows), caption, sortable=True)


def _anchor(table: int, row: int) -> str:
    return f"flags-{table}-{row}"


def _accuracy(share: Proportion, style: Style = "") -> Cell:
    return Cell(percent(share.value), f"({span_text(share)})", value=share.value, style=style)


def markdown(tables: Sequence[LeaderboardTable]) -> str:
    """Return the leaderboard as Markdown."""
    return _text_forms.markdown([headline(tables), *blocks(tables)], TITLE)


def render(tables: Sequence[LeaderboardTable]) -> str:
    """Return the leaderboard as HTML text; equal tables give equal text.

    Every heading sorts its table, by mouse or keyboard; without scripts the tables are in order of robust accuracy.
    """
    return page.render_blocks("leaderboard", TITLE, blocks(tables), headline(tables))
