"""Write the sentences about a leaderboard, and the leaderboard as Markdown."""

from collections.abc import Sequence

from rnas.report.leaderboard import LEVEL, LeaderboardRow, LeaderboardTable
from rnas.statistics.proportions import Proportion
from rnas.utils.quantities import format_size


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


def markdown(tables: Sequence[LeaderboardTable]) -> str:
    """Return the leaderboard as Markdown text that ends in a line feed; names cannot break out of their cells."""
    parts = ["# Robust accuracy", headline(tables)]
    for number, table in enumerate(tables, 1):
        heading = f"Table {number}: {title(table)}" if len(tables) > 1 else title(table)
        parts.append(f"## {_plain(heading)}")
        if table.apart:
            parts.append(_plain(table.apart))
        parts.append("\n".join(f"- {_plain(name)}: {_plain(value)}" for name, value in table.setting.items()))
        parts += [f"> {_plain(note)}" for note in table.notes]
        parts.append(_table(table))
        parts.append(explanation(table))
        flags = [
            f"- **{_plain(row.name)}: {_plain(flag.name)}.** {_plain(flag.explanation)}"
            for row in table.rows
            for flag in row.entry.flags
        ]
        if flags:
            parts.append("Flags, reasons to doubt a number:\n\n" + "\n".join(flags))
    return "\n\n".join(parts) + "\n"


def _table(table: LeaderboardTable) -> str:
    names = list(table.rows[0].entry.attacks)
    attacks = [_plain(name) for name in names]
    flagged = any(row.entry.flags for row in table.rows)
    headings = ["#", "network", "worst case %", "against the best", "clean %", *attacks, "params", "FLOPs"]
    headings += ["flags"] if flagged else []
    numbers = {"#", "worst case %", "clean %", *attacks, "params", "FLOPs"}
    lines = [headings, ["---:" if heading in numbers else "---" for heading in headings]]
    for row in table.rows:
        entry = row.entry
        accuracies = [entry.worst_case, entry.clean, *map(entry.attacks.__getitem__, names)]
        worst, *others = (f"{percent(a.share.value)} ({span_text(a.share)})" for a in accuracies)
        cells = [str(row.place), _plain(row.name), f"**{worst}**", against_the_best(row), *others]
        cells += [format_size(entry.params), entry.flops_text]
        cells += [", ".join(f"**\u26a0 {_plain(flag.name)}**" for flag in entry.flags)] if flagged else []
        lines.append(cells)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _plain(text: str) -> str:
    """Escape text for Markdown and HTML, on one line."""
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]<>|#~&" else letter for letter in " ".join(text.split()))
