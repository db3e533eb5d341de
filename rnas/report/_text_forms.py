"""Write what people read of results as Markdown, LaTeX and CSV."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rnas.report._blocks import Block, Cell, Code, Facts, Figure, Heading, Line, Table

_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "\u2013": "--",
    "\u00b1": r"$\pm$",
    "\u2020": r"$\dagger$",
    "\u00a0": "~",
    **{letter: f"\\{letter}" for letter in "&%$#_{}"},
}
_FORMULA = re.compile(r"[=+\-@\t\r]")


def markdown(blocks: Sequence[Block], title: str) -> str:
    """Return blocks below a title as Markdown text that ends in a line feed; texts cannot break out of their cells."""
    return "\n\n".join([f"# {_plain(title)}", *map(_markdown_block, blocks)]) + "\n"


def _markdown_block(block: Block) -> str:
    match block:
        case str():
            return _plain(block)
        case Line(text, "strong" | "alarm", _):
            return f"**{_plain(text)}**"
        case Line(text, _, _):
            return f"> {_plain(text)}"
        case Heading(text):
            return f"## {_plain(text)}"
        case Code(text):
            return "\n".join(f"    {line}" for line in text.splitlines())
        case Facts():
            return "\n".join(f"- {_plain(name)}: {_plain(text)}" for name, text in block.shown)
        case Table():
            return _markdown_table(block.outside_pages())
        case Figure():
            return _plain(block.label)


def _markdown_table(table: Table) -> str:
    rule = ["---:" if column.number else "---" for column in table.columns]
    rows = [list(map(_plain, table.headings)), rule]
    rows += [list(map(_markdown_cell, row)) for row in (*table.body, *table.foot)]
    caption = f"\n\n{_plain(table.caption)}" if table.caption else ""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows) + caption


def _markdown_cell(cell: Cell) -> str:
    text = _plain(str(cell))
    return f"**{text}**" if cell.style in ("strong", "alarm") and text else text


def _plain(text: str) -> str:
    """Escape text for Markdown and HTML, on one line."""
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]<>|#~&" else letter for letter in " ".join(text.split()))


def latex(table: Table, caption: str, label: str, notes: Sequence[str] = ()) -> str:
    """Return a table as LaTeX that needs only the package booktabs.

    Args:
        table: what to write.
        caption: what it shows.
        label: what ``\\ref`` finds it by.
        notes: sentences below the table that a reader must know.
    """
    table = table.outside_pages()
    lines = [
        "% Needs \\usepackage{booktabs}.",
        "\\begin{table}",
        "\\centering",
        f"\\caption{{{_tex(caption)}}}",
        f"\\label{{{label}}}",
        f"\\begin{{tabular}}{{{''.join('r' if column.number else 'l' for column in table.columns)}}}",
        "\\toprule",
        _latex_row(map(_tex, table.headings)),
        "\\midrule",
        *(_latex_row(map(_latex_cell, row)) for row in table.body),
        *(["\\midrule"] if table.footer else []),
        *(_latex_row(map(_latex_cell, row)) for row in table.foot),
        "\\bottomrule",
        "\\end{tabular}",
        *([f"\\par\\smallskip\\parbox{{\\linewidth}}{{\\footnotesize {_tex(' '.join(notes))}}}"] if notes else []),
        "\\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _latex_row(cells: Iterable[str]) -> str:
    return " & ".join(cells) + r" \\"


def _latex_cell(cell: Cell) -> str:
    small = f"{{\\footnotesize\\,{_tex(cell.small)}}}" if cell.small else ""
    letters = f"$^{{\\mathrm{{{_tex(cell.letters)}}}}}$" if cell.letters else ""
    return f"{_tex(cell.text)}{small}{letters}"


def _tex(text: str) -> str:
    return "".join(_LATEX.get(letter, letter) for letter in text)


def comma_separated(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Return rows as CSV, with numbers unrounded; missing values are empty.

    A text that a spreadsheet would take for a formula begins with an apostrophe, which makes it a text there.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(_harmless, columns))
    writer.writerows([_harmless(row.get(column)) for column in columns] for row in rows)
    return text.getvalue()


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value
