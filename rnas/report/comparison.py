"""Render a comparison as one HTML file that needs no other files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rnas.experiment import REPORT
from rnas.experiments.comparison.result import ComparisonResult
from rnas.experiments.comparison.settings import ComparisonSettings
from rnas.report import _comparison_tables as tables
from rnas.report import _comparison_text as words
from rnas.report import _page as page
from rnas.report._blocks import Block, Facts
from rnas.report._comparison_data import comparison_data
from rnas.report._description import describe
from rnas.utils.files import write_text


def write(result: ComparisonResult, path: Path) -> None:
    """Write ``report.html``, and the table as Markdown, LaTeX and CSV."""
    write_text(path / REPORT, render(result.content))
    for suffix, written in tables.FORMS.items():
        write_text(path / f"table.{suffix}", written(result.content))


def blocks(result: ComparisonResult) -> list[Block]:
    """Return the table, what the tests say, and what a reader must know."""
    return tables.blocks(result.content)


def render(content: Mapping[str, Any]) -> str:
    """Return the report as HTML text, from the content of the result; equal comparisons give equal text."""
    return page.render(
        "comparison.html",
        scripts=("data.js", "theme.js", "plots.js", "details.js", "panel.js", "front_plot.js"),
        styles=("study.css", "comparison.css"),
        charts=True,
        data=comparison_data(content),
        filtered=False,
        chart_caption=_chart_caption(content),
        title=tables.TITLE,
        verdict=words.verdict_sentence(content),
        setting=words.setting_sentence(content),
        notes=words.notes(content),
        method=f"{words.legend(content)} {words.METHOD}",
        measured=tables.measured_table(content),
        pairs=tables.pairs_table(content) if words.main_column(content)["pairs"] else None,
        networks=[
            {**one, "scaled": tables.scaled(one), "drawn": describe(one["architecture"])} for one in content["networks"]
        ],
        published_words=words.PUBLISHED,
        published=tables.published_table(content) if content["published"] else None,
        failures=Facts({f"{one['network']}, seed {one['seed']}": _failure(one) for one in content["failures"]}),
        settings=page.yaml_text(content["settings"]),
    )


def networks_facts(settings: ComparisonSettings) -> Facts:
    """Return how each network comes to its FLOPs."""
    return Facts({one.name: ": ".join(filter(None, (one.setting, one.scaling))) for one in settings.networks})


def _failure(one: Mapping[str, Any]) -> str:
    return f"{one['status']}: {one['reason']}"


def _chart_caption(content: Mapping[str, Any]) -> str:
    said = "Bars show the 95 % intervals of the table."
    if content["published"]:
        said += (
            " Choose clean accuracy or a published attack to see published numbers, at the networks' original sizes."
        )
    return said
