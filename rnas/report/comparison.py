"""A comparison as one HTML file that needs nothing else."""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml
from markupsafe import Markup

from rnas import __version__
from rnas.comparison import tables, words
from rnas.report import svg
from rnas.report.description import describe
from rnas.report.page import asset, environment, policy

_SCRIPTS = ("page.js", "theme.js")
_STYLES = ("report.css", "comparison.css")
_LONG, _HIGH, _MARGIN = 180.0, 18.0, 6.0


def render(content: Mapping[str, Any]) -> str:
    """The report as HTML text, from what comparison.json holds; equal comparisons give equal text.

    Everything is inside, and the page asks the browser to refuse any request and any script but its own.
    """
    script = asset(*_SCRIPTS)
    main = words.main_column(content)
    return (
        environment()
        .get_template("comparison.html")
        .render(
            policy=policy(script),
            style=Markup(asset(*_STYLES)),
            script=Markup(script),
            content=content,
            verdict=words.verdict_sentence(content),
            setting=words.setting_sentence(content),
            notes=words.notes(content),
            method=words.METHOD,
            headings=tables.headings(content),
            lines=_lines(content, main["networks"]),
            gaps=[(name, tables.gaps(content, name)) for name in ("best", "last")],
            pairs=_pairs(main["pairs"]),
            networks=[
                {**one, "scaled": tables.scaled(one), "drawn": describe(one["architecture"])}
                for one in content["networks"]
            ],
            published_words=words.PUBLISHED,
            published_headings=tables.PUBLISHED_HEADINGS,
            published=tables.published(content),
            settings=yaml.safe_dump(
                content["settings"], sort_keys=False, allow_unicode=True, width=100, default_flow_style=None
            ).rstrip(),
            version=__version__,
        )
    )


def _lines(content: Mapping[str, Any], main: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows of the table; the first of each network has a drawing of its interval."""
    ends = [score[end] for score in main for end in ("low", "high") if score[end] is not None]
    span = (min(ends), max(ends)) if ends else (0.0, 1.0)
    return [
        {
            "name": line.network["name"],
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
    """All pairs, the better network first, those with the largest difference before others."""
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
    """A line from end to end of the interval and a dot for the mean, on the scale of the table."""
    if score["low"] is None:
        return ""
    low, high = span

    def at(value: float) -> float:
        return _MARGIN + (_LONG - 2 * _MARGIN) * (value - low) / ((high - low) or 1.0)

    middle = _HIGH / 2
    drawn = svg.line(at(score["low"]), middle, at(score["high"]), middle, stroke_width=1.6)
    drawn += svg.element("circle", cx=at(score["mean"]), cy=middle, r=3.4, class_="final")
    return Markup(svg.element("svg", drawn, viewBox=f"0 0 {_LONG:g} {_HIGH:g}", class_="whisker", aria_hidden="true"))
