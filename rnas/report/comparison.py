"""Render a comparison as one HTML file that needs no other files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rnas.experiment import REPORT
from rnas.experiments.comparison.result import ComparisonResult
from rnas.report import _comparison_tables as tables
from rnas.report import _comparison_text as words
from rnas.report import _page as page
from rnas.report._comparison_data import comparison_data
from rnas.report._description import describe
from rnas.report._whisker import whisker
from rnas.utils.files import write_text


def write(result: ComparisonResult, path: Path) -> None:
    """Write ``report.html``, and the table as Markdown, LaTeX and CSV."""
    write_text(path / REPORT, render(result.content))
    for form in tables.FORMS:
        write_text(path / f"table.{form}", tables.render(result.content, form))


def render(content: Mapping[str, Any]) -> str:
    """Return the report as HTML text, from the content of the result; equal comparisons give equal text."""
    data = comparison_data(content)
    main = words.main_column(content)
    return page.render(
        "comparison.html",
        scripts=("data.js", "theme.js", "plots.js", "details.js", "panel.js", "front_plot.js"),
        styles=("comparison.css",),
        charts=True,
        data=data,
        filtered=False,
        chart_caption=_chart_caption(content),
        content=content,
        verdict=words.verdict_sentence(content),
        setting=words.setting_sentence(content),
        notes=words.notes(content),
        method=words.METHOD,
        headings=tables.headings(content),
        lines=_lines(content, main["networks"]),
        gaps=[(name, tables.gaps(content, name)) for name in ("best", "last")],
        pairs=_pairs(main["pairs"]),
        confidence=f"{100 * (1 - content['look_level']):.3g} %",
        networks=[
            {**one, "scaled": tables.scaled(one), "drawn": describe(one["architecture"])} for one in content["networks"]
        ],
        published_words=words.PUBLISHED,
        published_headings=tables.PUBLISHED_HEADINGS,
        published=tables.published(content),
        settings=page.yaml_text(content["settings"]),
    )


def _chart_caption(content: Mapping[str, Any]) -> str:
    said = "Bars show the 95 % intervals of the table."
    if content["published"]:
        said += (
            " Choose clean accuracy or a published attack to see published numbers, at the networks' original sizes."
        )
    return said


def _lines(content: Mapping[str, Any], main: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of the table; the first of each network has a drawing of its interval."""
    ends = [score[end] for score in main for end in ("low", "high") if score[end] is not None]
    span = (min(ends), max(ends)) if ends else (0.0, 1.0)
    return [
        {
            "name": line.network["name"],
            "row": content["networks"].index(line.network),
            "facts": line.facts,
            "first": line.checkpoint == "best",
            "checkpoint": line.checkpoint,
            "scores": [
                {"mean": words.percent(score["mean"]), "half": words.half_width(score), "group": score["group"]}
                for score in line.scores
            ],
            "whisker": _whisker(line.scores[-1], span) if line.checkpoint == "best" else "",
        }
        for line in tables.lines(content)
    ]


def _pairs(pairs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return all pairs, the better network first; pairs with the largest difference come first."""
    found = []
    for pair in sorted(pairs, key=lambda pair: -abs(pair["difference"])):
        turned = pair["difference"] < 0
        first, second = ("second", "first") if turned else ("first", "second")
        low, high = (-pair["high"], -pair["low"]) if turned else (pair["low"], pair["high"])
        p_value = pair["p_value"]
        found.append(
            {
                "first": pair[first],
                "second": pair[second],
                "difference": f"{100 * abs(pair['difference']):.2f} [{100 * low:.2f} to {100 * high:.2f}]",
                "p": "< 0.001" if p_value < 0.001 else f"{p_value:.3f}",
                "apart": pair["apart"],
            }
        )
    return found


def _whisker(score: Mapping[str, Any], span: tuple[float, float]) -> str:
    if score["low"] is None:
        return ""
    return whisker(score["low"], score["high"], score["mean"], span, length=180.0)
