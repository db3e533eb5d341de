"""Describe the tables of a comparison, and write them as Markdown, LaTeX and CSV."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rnas.experiments.comparison._training import CHECKPOINTS
from rnas.networks import architecture as arch
from rnas.networks.zoo import baselines
from rnas.report import _comparison_text as words
from rnas.report import _text_forms as forms
from rnas.report._blocks import Block, Cell, Column, Facts, Heading, Line, Row, Table, columns, notes
from rnas.report._comparison_text import Content
from rnas.report._whisker import whisker
from rnas.utils.quantities import format_size

TITLE = "Robust accuracy at equal FLOPs"

_CUT = "\u2020"
_BEST = CHECKPOINTS[0]
_PUBLISHED = ("network", "training", "#P (M)", "#F (G)", "clean", "PGD-20", "CW-40", "AutoAttack", "source")


def blocks(content: Content) -> list[Block]:
    """Return the table, what the tests say, and what a reader must know."""
    failures = (
        f"{one['network']}, seed {one['seed']}: {one['status']}: {one['reason']}" for one in content["failures"]
    )
    return [
        measured_table(content),
        Line(words.verdict_sentence(content), "strong"),
        words.setting_sentence(content),
        words.legend(content),
        *notes(words.notes(content)),
        *failures,
    ]


def measured_table(content: Content) -> Table:
    """Return two rows for each network, the most robust first: its best and its last checkpoint.

    Accuracies are in per cent, with half of their 95 % interval and the letters of their groups. The footer has the
    smallest detectable gap of each column.
    """
    attacks, span = _attacks(content), _span(content)
    columns = (
        Column("network"),
        *(Column(fact, number=True) for fact in ("params", "FLOPs", "latency", "training")),
        Column("checkpoint"),
        *(Column(f"{words.label(attack)} %", number=True) for attack in attacks),
        Column(f"worst case, best: {100 * span[0]:.0f} to {100 * span[1]:.0f} %", page_only=True),
    )
    rows: list[Row] = []
    for row, checkpoint, scores in _lines(content):
        network, first = content["networks"][row], checkpoint == _BEST
        name = Cell(network["name"], "(scaled)" if is_scaled(network) else "", link=f"#network-{row}", opens=row)
        facts = (
            format_size(network["params"]),
            format_size(network["flops"]),
            words.latency(network["latency_ms"]),
            words.duration(network["training_seconds"]),
        )
        drawn = Cell("", picture=_whisker(scores[-1], span) if first else "")
        own = (name, *facts) if first else ("",) * 5
        rows.append((*own, checkpoint, *map(_score, scores), drawn))
    power = f"smallest gap detected with {content['power']:.0%} power, points"
    footer = tuple((power, *[""] * 4, checkpoint, *_gaps(content, checkpoint), "") for checkpoint in CHECKPOINTS)
    return Table(columns, tuple(rows), "", footer)


def pairs_table(content: Content) -> Table:
    """Return all pairs by the main column, the better network first, the largest difference first."""
    confidence = f"{100 * (1 - content['look_level']):.3g} %"
    rows = []
    for pair in sorted(words.main_column(content)["pairs"], key=lambda pair: -abs(pair["difference"])):
        turned = pair["difference"] < 0
        first, second = ("second", "first") if turned else ("first", "second")
        low, high = (-pair["high"], -pair["low"]) if turned else (pair["low"], pair["high"])
        rows.append(
            (
                pair[first],
                pair[second],
                f"{100 * abs(pair['difference']):.2f} [{100 * low:.2f} to {100 * high:.2f}]",
                "< 0.001" if pair["p_value"] < 0.001 else f"{pair['p_value']:.3f}",
                Cell("yes", style="strong") if pair["apart"] else Cell("no"),
            )
        )
    by = f"by points [{confidence} for all pairs together]"
    return Table(columns("network", "ahead of", by, "p (Tukey)", "distinguishable", words=2, last_words=1), tuple(rows))


def published_table(content: Content) -> Table:
    """Return the published numbers of the compared networks, which were not measured here."""
    rows = tuple(
        (
            row["network"],
            row["training"],
            row["params_millions"] or "\u2013",
            row["flops_billions"] or "\u2013",
            *(_printed(row[attack]) for attack in ("clean", "pgd20", "cw40", "autoattack")),
            row["source"],
        )
        for row in content["published"]
    )
    return Table(columns(*_PUBLISHED, words=2, last_words=1), rows)


def is_scaled(network: Mapping[str, Any]) -> bool:
    """Return whether a network has other FLOPs than the one that its name stands for."""
    own = baselines().get(network["name"])
    as_published = own is not None and arch.key(own.network) == network["key"]
    return not as_published and network["scaling"] != "as it is"


def scaled(network: Mapping[str, Any]) -> str:
    """Return the sentence that says how a network was scaled."""
    setting = f"; {network['setting']}" if network["setting"] else ""
    return f"{network['scaling']}{setting}; {format_size(network['flops'])} FLOPs, {network['deviation']:+.1%}"


def markdown(content: Content) -> str:
    """Write the tables as Markdown, with how each network was scaled."""
    shown: list[Block] = [
        *blocks(content),
        words.METHOD,
        Heading("How each network was scaled to these FLOPs"),
        Facts({one["name"]: scaled(one) for one in content["networks"]}),
    ]
    if content["published"]:
        shown += [Heading("Published"), words.PUBLISHED, published_table(content)]
    return forms.markdown(shown, TITLE)


def latex(content: Content) -> str:
    """Write the tables as LaTeX, with everything below that a reader must know."""
    sentences = [words.verdict_sentence(content), words.legend(content), words.METHOD, *words.notes(content)]
    text = forms.latex(measured_table(content), words.setting_sentence(content), "tab:robust-accuracy", sentences)
    if content["published"]:
        text += "\n" + forms.latex(published_table(content), words.PUBLISHED, "tab:published")
    return text


def csv(content: Content) -> str:
    """Write the measured numbers as CSV, without rounding; accuracies are in [0, 1]."""
    names = [re.sub(r"\W+", "_", attack) for attack in _attacks(content)]
    facts = ["key", "params", "flops", "latency_ms", "training_seconds", "seeds"]
    parts = ["mean", "low", "high", "group"]
    rows = (
        {
            "network": content["networks"][row]["name"],
            **{fact: content["networks"][row][fact] for fact in facts},
            "checkpoint": checkpoint,
            **{f"{name}_{part}": score[part] for name, score in zip(names, scores, strict=True) for part in parts},
        }
        for row, checkpoint, scores in _lines(content)
    )
    measured = [f"{name}_{part}" for name in names for part in parts]
    return forms.comma_separated(["network", *facts, "checkpoint", *measured], rows)


FORMS: dict[str, Callable[[Content], str]] = {"md": markdown, "tex": latex, "csv": csv}
"""Forms of the tables, by the suffix of their files."""


def _attacks(content: Content) -> list[str]:
    """Return the measures in order: clean, the attacks, the worst case of all."""
    return [column["attack"] for column in content["columns"] if column["checkpoint"] == _BEST]


def _lines(content: Content) -> Iterator[tuple[int, str, tuple[Mapping[str, Any], ...]]]:
    """Yield row, checkpoint and scores of each checkpoint of each network, the most robust network first."""
    for row in words.order(content):
        for checkpoint in CHECKPOINTS:
            scores = (c["networks"][row] for c in content["columns"] if c["checkpoint"] == checkpoint)
            yield row, checkpoint, tuple(scores)


def _gaps(content: Content, checkpoint: str) -> list[str]:
    """Return the smallest detectable gap of each column, in points; a dash if nothing is tested."""
    return [words.gap(c["detectable"]) for c in content["columns"] if c["checkpoint"] == checkpoint]


def _score(score: Mapping[str, Any]) -> Cell:
    """Return the mean in per cent, half the width of its interval, marked if the interval is cut, and its letters."""
    half = words.half_width(score)
    cut = _CUT if half and is_cut(score) else ""
    return Cell(words.percent(score["mean"]), f"\u00b1 {half}{cut}" if half else "", score["group"])


def is_cut(score: Mapping[str, Any]) -> bool:
    """Return whether an interval would go below 0 % or above 100 %."""
    mean, half = score["mean"], score["half_width"]
    return half is not None and not half <= mean <= 1 - half


def _printed(accuracy: Mapping[str, Any] | None) -> str:
    """Format a published accuracy with its standard deviation, if there is one."""
    if accuracy is None:
        return "\u2013"
    spread = "" if accuracy["spread"] is None else f" \u00b1 {accuracy['spread']:.2f}"
    return f"{accuracy['mean']:.2f}{spread}"


def _span(content: Content) -> tuple[float, float]:
    scores = words.main_column(content)["networks"]
    ends = [score[end] for score in scores for end in ("low", "high") if score[end] is not None]
    return (min(ends), max(ends)) if ends else (0.0, 1.0)


def _whisker(score: Mapping[str, Any], span: tuple[float, float]) -> str:
    if score["low"] is None:
        return ""
    return whisker(score["low"], score["high"], score["mean"], span, length=180.0)
