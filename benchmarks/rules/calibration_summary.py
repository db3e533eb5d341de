"""Write the figures of a calibration as Markdown."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from synthetic import DESIGNS, TRUTHS, GroundTruth

from rnas.networks.robust_scaling import Rule
from rnas.scaling_rules._design_matrix import DEPTH_TO_WIDTH, DEPTHS, WIDTHS
from rnas.scaling_rules.power import true_values
from rnas.statistics.proportions import proportion

Line = Mapping[str, Any]

_PARTS = {DEPTHS: ("D1", "D2", "D3"), WIDTHS: ("W1", "W2", "W3"), DEPTH_TO_WIDTH: ("r_D",)}
_BEGIN, _END = "<!-- calibration: begin -->", "<!-- calibration: end -->"


def markdown(lines: Sequence[Line]) -> str:
    """Return tables of coverage and half widths by design and truth, and of claims if a rival determines the scores."""
    quantities = [name for names in _PARTS.values() for name in names]
    coverage, claims = [], []
    for design in DESIGNS:
        ruled_lines: list[tuple[Rule, Line]] = []
        for truth in TRUTHS:
            own = [line for line in lines if (line["design"], line["ratio"], line["form"]) == (design, *_named(truth))]
            if not own:
                continue
            if truth.rule is None:
                claims.append(_claims(design, truth, own))
            else:
                ruled = [(truth.rule, line) for line in own]
                ruled_lines += ruled
                coverage.append([design, truth.ratio, truth.form, str(len(own)), *_coverage(ruled)])
        if ruled_lines:
            coverage.append([design, "all", "all", str(len(ruled_lines)), *_coverage(ruled_lines)])
    heads = ["design", "true rule", "form", "seeds", *quantities]
    rivals = ["design", "decides", "seeds", "a rule is claimed in", "verdicts on all parts"]
    return "\n\n".join(
        [
            "Share of the seeds in which the 90 % interval holds the true value, and mean half width:",
            table(heads, coverage),
            "Where depth and width decide nothing but capacity, with 95 % intervals:",
            table(rivals, claims),
        ]
    )


def replaced(text: str, tables: str) -> str:
    """Return a Markdown file's text with the tables between its markers."""
    before, rest = text.split(_BEGIN)
    return f"{before}{_BEGIN}\n{tables}\n{_END}{rest.split(_END)[1]}"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, ["---"] * len(heads), *rows))


def _named(truth: GroundTruth) -> tuple[str, str]:
    return truth.ratio, truth.form


def _coverage(lines: Sequence[tuple[Rule, Line]]) -> list[str]:
    """Return for each quantity the share of intervals that contain the true value, and their mean half width."""
    cells = []
    for part, names in _PARTS.items():
        for place, name in enumerate(names):
            intervals = [line["intervals"][name] for _, line in lines]
            true = [true_values(rule, part)[place] for rule, _ in lines]
            # Intervals are rounded to four places.
            held = [
                one["low"] - 1e-4 <= value <= one["high"] + 1e-4 for one, value in zip(intervals, true, strict=True)
            ]
            half = np.mean([(one["high"] - one["low"]) / 2 for one in intervals])
            cells.append(f"{np.mean(held):.0%} ±{half:.2f}")
    return cells


def _claims(design: str, truth: GroundTruth, lines: Sequence[Line]) -> list[str]:
    claimed = sum(line["claims"] > 0 for line in lines)
    share = proportion(claimed / len(lines), len(lines))
    verdicts = Counter(verdict for line in lines for verdict in line["verdicts"].values())
    told = ", ".join(f"{count} {name.lower().replace('_', ' ')}" for name, count in verdicts.most_common())
    interval = f"{claimed} ({share.low:.0%} to {share.high:.0%})"
    return [design, truth.ratio, str(len(lines)), interval, told]
