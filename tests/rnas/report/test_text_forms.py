import csv
import io

from rnas.report._blocks import Cell, Code, Column, Facts, Heading, Line, Table, columns
from rnas.report._text_forms import comma_separated, latex, markdown

TABLE = Table(
    (Column("network"), Column("a_b %", number=True), Column("drawn", page_only=True)),
    ((Cell("x|y", "(scaled)"), Cell("1.5", "\u00b1 0.5\u2020", "ab"), Cell("", picture="<svg>")), ("z", "\u2013", "")),
    footer=(("gap", "3", ""),),
)


def test_markdown_of_every_block() -> None:
    blocks = ["a *b*", Line("so", "strong"), Line("but", "note"), Heading("H"), Facts({"n": "t", "no": ""}), TABLE]
    text = markdown([*blocks, Code("x: 1\n  y: 2")], "T")
    assert text.splitlines() == [
        *("# T", "", "a \\*b\\*", "", "**so**", "", "> but", "", "## H", "", "- n: t", ""),
        *("| network | a\\_b % |", "| --- | ---: |", "| x\\|y (scaled) | 1.5 \u00b1 0.5\u2020 ab |", "| z | \u2013 |"),
        *("| gap | 3 |", "", "    x: 1", "      y: 2"),
    ]


def test_latex_has_caption_label_and_no_drawings() -> None:
    text = latex(TABLE, "50 % & more", "tab:x", ["One_two.", "Three."])
    assert "\\caption{50 \\% \\& more}\n\\label{tab:x}\n\\begin{tabular}{lr}" in text
    assert "x|y{\\footnotesize\\,(scaled)} & 1.5{\\footnotesize\\,$\\pm$ 0.5$\\dagger$}$^{\\mathrm{ab}}$ \\\\" in text
    assert text.count("\\midrule") == 2
    assert (
        "\\end{tabular}\n\\par\\smallskip\\parbox{\\linewidth}{\\footnotesize One\\_two. Three.}\n\\end{table}" in text
    )


def test_no_cell_of_a_csv_is_a_formula() -> None:
    names = ["=cmd|' /C calc'!A0", "+1", "-x", "@sum", "\tx", "plain"]
    rows = list(csv.reader(io.StringIO(comma_separated(names, [{names[0]: "=1+1", names[2]: -1.5, "plain": "a,b"}]))))
    assert rows[0] == [f"'{name}" for name in names[:-1]] + ["plain"]
    # Numbers stay numbers.
    assert rows[1] == ["'=1+1", "", "-1.5", "", "", "a,b"]


def test_columns_of_words_and_numbers() -> None:
    assert [column.number for column in columns("a", "b", "", "c", "d", last_words=1)] == [
        *(False, True, False, True, False),
    ]
