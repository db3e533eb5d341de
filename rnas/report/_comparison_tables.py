"""Write the table of a comparison as Markdown, LaTeX and CSV, in the layout of papers."""

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rnas.experiments.comparison._training import CHECKPOINTS
from rnas.report import _comparison_text as words
from rnas.report._comparison_text import Content
from rnas.utils.quantities import format_size

PUBLISHED_HEADINGS = ("network", "training", "#P (M)", "#F (G)", "clean", "PGD-20", "CW-40", "AutoAttack", "source")

_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{letter: f"\\{letter}" for letter in "&%$#_{}"},
}


@dataclass(frozen=True)
class Line:
    """One checkpoint of one network.

    Attributes:
        network: its record in the result.
        checkpoint: ``best`` or ``last``.
        scores: one score for each heading of :func:`attacks`.
    """

    network: Mapping[str, Any]
    checkpoint: str
    scores: tuple[Mapping[str, Any], ...]

    @property
    def facts(self) -> tuple[str, ...]:
        """Return params, FLOPs, latency and training time as text."""
        own = self.network
        return (
            format_size(own["params"]),
            format_size(own["flops"]),
            words.latency(own["latency_ms"]),
            words.duration(own["training_seconds"]),
        )


def attacks(content: Content) -> list[str]:
    """Return the measures in order: clean, the attacks, the worst case of all."""
    return [column["attack"] for column in content["columns"] if column["checkpoint"] == CHECKPOINTS[0]]


def lines(content: Content) -> list[Line]:
    """Return the networks, the most robust first, each with its best and its last checkpoint."""
    return [
        Line(
            content["networks"][row],
            checkpoint,
            tuple(column["networks"][row] for column in content["columns"] if column["checkpoint"] == checkpoint),
        )
        for row in words.order(content)
        for checkpoint in CHECKPOINTS
    ]


def headings(content: Content) -> list[str]:
    """Return the headings of the table."""
    measured = [words.label(attack) for attack in attacks(content)]
    return ["network", "params", "FLOPs", "latency", "training", "checkpoint", *measured]


def gaps(content: Content, checkpoint: str) -> list[str]:
    """Return the smallest detectable gap of each column, in points; a dash if nothing is tested."""
    columns = [column for column in content["columns"] if column["checkpoint"] == checkpoint]
    return [words.gap(column["detectable"]) for column in columns]


def published(content: Content) -> list[list[str]]:
    """Return the lines of published numbers, in the order of :data:`PUBLISHED_HEADINGS`."""
    return [
        [
            row["network"],
            row["training"],
            row["params_millions"] or "\u2013",
            row["flops_billions"] or "\u2013",
            *(printed(row[attack]) for attack in ("clean", "pgd20", "cw40", "autoattack")),
            row["source"],
        ]
        for row in content["published"]
    ]


def printed(accuracy: Mapping[str, Any] | None) -> str:
    """Format a published accuracy with its standard deviation, if there is one."""
    if accuracy is None:
        return "\u2013"
    spread = "" if accuracy["spread"] is None else f" \u00b1 {accuracy['spread']:.2f}"
    return f"{accuracy['mean']:.2f}{spread}"


def render(content: Content, form: str) -> str:
    """Return the table in one of the :data:`FORMS`."""
    return FORMS[form](content)


def markdown(content: Content) -> str:
    """Write the table as Markdown; names cannot break out of their cells."""
    measured = len(attacks(content))
    rows = [headings(content), ["---", *["---:"] * 4, "---", *["---:"] * measured]]
    for line in lines(content):
        first = line.checkpoint == CHECKPOINTS[0]
        rows.append(
            [
                _plain(line.network["name"]) if first else "",
                *(line.facts if first else [""] * 4),
                line.checkpoint,
                *(score_text(score) for score in line.scores),
            ]
        )
    rows += [
        ["*smallest detectable gap*", *[""] * 4, checkpoint, *gaps(content, checkpoint)] for checkpoint in CHECKPOINTS
    ]
    parts = [
        "# Robust accuracy at equal FLOPs",
        _plain(words.setting_sentence(content)),
        f"**{_plain(words.verdict_sentence(content))}**",
        _table(rows),
        _plain(words.METHOD),
        *(f"> {_plain(note)}" for note in words.notes(content)),
        "## How each network was scaled to these FLOPs",
        "\n".join(f"- {_plain(one['name'])}: {_plain(scaled(one))}" for one in content["networks"]),
    ]
    if content["published"]:
        rows = [list(PUBLISHED_HEADINGS), ["---", "---", *["---:"] * 6, "---"]]
        rows += [[_plain(cell) for cell in row] for row in published(content)]
        parts += ["## Published", _plain(words.PUBLISHED), _table(rows)]
    return "\n\n".join(parts) + "\n"


def scaled(one: Mapping[str, Any]) -> str:
    """Return the sentence that says how a network was scaled."""
    setting = f"; {one['setting']}" if one["setting"] else ""
    return f"{one['scaling']}{setting}; {format_size(one['flops'])} FLOPs, {one['deviation']:+.1%}"


def score_text(score: Mapping[str, Any]) -> str:
    """Format the mean, half the width of the interval, and the letters."""
    half = words.half_width(score)
    return (
        f"{words.percent(score['mean'])}{f' ± {half}' if half else ''}{' ' + score['group'] if score['group'] else ''}"
    )


def latex(content: Content) -> str:
    """Write the table as LaTeX that needs only the package booktabs."""
    measured = attacks(content)
    columns = f"l{'r' * 4}l{'r' * len(measured)}"
    body = []
    for line in lines(content):
        first = line.checkpoint == CHECKPOINTS[0]
        own = [_tex(line.network["name"]), *map(_tex, line.facts)] if first else [""] * 5
        body.append([*own, line.checkpoint, *map(_score_latex, line.scores)])
    final = [
        ["smallest detectable gap", *[""] * 4, checkpoint, *map(_tex, gaps(content, checkpoint))]
        for checkpoint in CHECKPOINTS
    ]
    text = [
        "% Needs \\usepackage{booktabs}.",
        "\\begin{table}",
        "\\centering",
        f"\\caption{{{_tex(' '.join([words.setting_sentence(content), words.METHOD, *words.method_notes(content)]))}}}",
        f"\\begin{{tabular}}{{{columns}}}",
        "\\toprule",
        _row([_tex(heading) for heading in headings(content)]),
        "\\midrule",
        *map(_row, body),
        "\\midrule",
        *map(_row, final),
        "\\bottomrule",
        "\\end{tabular}",
        "\\end{table}",
    ]
    if content["published"]:
        text += [
            "",
            "\\begin{table}",
            "\\centering",
            f"\\caption{{{_tex(words.PUBLISHED)}}}",
            "\\begin{tabular}{llrrrrrrl}",
            "\\toprule",
            _row([_tex(heading) for heading in PUBLISHED_HEADINGS]),
            "\\midrule",
            *(_row([_tex(cell) for cell in row]) for row in published(content)),
            "\\bottomrule",
            "\\end{tabular}",
            "\\end{table}",
        ]
    return "\n".join(text) + "\n"


def comma_separated(content: Content) -> str:
    """Write the measured numbers as CSV, without rounding; accuracies are in [0, 1]."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = [re.sub(r"\W+", "_", attack) for attack in attacks(content)]
    facts = ["key", "params", "flops", "latency_ms", "training_seconds", "seeds"]
    parts = ["mean", "low", "high", "group"]
    writer.writerow(["network", *facts, "checkpoint", *(f"{name}_{part}" for name in names for part in parts)])
    for line in lines(content):
        scores = [score[part] for score in line.scores for part in parts]
        writer.writerow([line.network["name"], *(line.network[fact] for fact in facts), line.checkpoint, *scores])
    return out.getvalue()


def _score_latex(score: Mapping[str, Any]) -> str:
    half = words.half_width(score)
    text = _tex(words.percent(score["mean"]))
    text += f"{{\\footnotesize\\,$\\pm$\\,{_tex(half)}}}" if half else ""
    return text + (f"$^{{\\mathrm{{{score['group']}}}}}$" if score["group"] else "")


def _row(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def _tex(text: str) -> str:
    special = {"\u2013": "--", "\u00b1": r"$\pm$", **_LATEX}
    return "".join(special.get(letter, letter) for letter in text)


def _table(rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def _plain(text: str) -> str:
    """Escape text for Markdown and HTML, on one line."""
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]<>|#~&" else letter for letter in " ".join(text.split()))


FORMS: dict[str, Callable[[Content], str]] = {"md": markdown, "tex": latex, "csv": comma_separated}
"""Forms of the table, by the suffix of their files."""
