"""Write the text and the page of a test of a rule: what was predicted and what was measured."""

from collections.abc import Sequence
from pathlib import Path

from rnas.experiment import REPORT
from rnas.report import _page as page
from rnas.report._blocks import Block, Table, columns
from rnas.scaling_rules.out_of_sample import (
    SAME,
    CandidateComparison,
    MeasuredCandidate,
    RuleTestBudget,
    RuleTestResult,
)
from rnas.scaling_rules.saved_rule import SavedRule
from rnas.statistics.interval import Interval
from rnas.utils.quantities import format_size, pluralize

_NETWORKS = ("network", "key", "depths and widths", "FLOPs", "predicted", "measured", "chosen")
_GAINS = ("gain of the rule over", "predicted gain", "measured gain", "p (Holm)", "the rule is", "prediction")


def write(result: RuleTestResult, path: Path) -> None:
    """Write ``report.html`` of a test into its directory."""
    title = f"The rule of {result.prediction.run}, tested where it was not fitted"
    page.write_blocks(path / REPORT, "rule test", title, blocks(result))


def blocks(result: RuleTestResult) -> list[Block]:
    """Return what a reader is shown, in order."""
    prediction = result.prediction
    low, high = map(format_size, prediction.fitted_flops)
    verdicts = "; ".join(f"{name}: {verdict}" for name, verdict in prediction.verdicts.items())
    shown: list[Block] = [
        f"Prediction {prediction.hash}.",
        f"Rule: {SavedRule(prediction.rule).sentence()}.",
        f"Uniform: {SavedRule(prediction.uniform).sentence()}.",
        f"Fitted to {pluralize(prediction.fitted, 'evaluation')} of {low} to {high} FLOPs. {verdicts}.",
        f"All networks but the searched one have the block and the stem of {prediction.base}.",
    ]
    for budget in result.budgets:
        shown += _budget(budget, prediction.metric.replace("_", " "))
    if result.tests:
        shown.append(
            f"p-values and words are corrected for {pluralize(result.tests, 'comparison')} (Holm), intervals are not. "
            "A prediction held where its interval holds the measured gain."
        )
    return [*shown, *result.notes]


def _budget(budget: RuleTestBudget, metric: str) -> list[Block]:
    flops = [measured.candidate.flops for measured in budget.candidates]
    seeds = max(len(measured.scores) for measured in budget.candidates)
    held = [first.held for first, *_ in budget.networks if first.held is not None]
    return [
        f"At {format_size(budget.flops)} FLOPs, the networks' own up to {max(flops) / min(flops) - 1:.1%} apart; "
        f"{metric}, {pluralize(seeds, 'seed')}, with 95 % intervals:",
        Table(columns(*_NETWORKS, words=3), tuple(map(_cells, budget.networks))),
        *([f"{sum(held)} of {len(held)} measured scores lie in their predicted interval."] if held else []),
        Table(columns(*_GAINS), tuple(map(_gain, budget.compared))),
        *(f"No {name} network: {reason}." for name, reason in budget.left_out.items()),
        *(f"{_names(group)}, {failure}" for group in budget.networks for failure in group[0].failures),
    ]


def _names(candidates: Sequence[MeasuredCandidate]) -> str:
    return ", ".join(measured.candidate.name for measured in candidates)


def _cells(candidates: Sequence[MeasuredCandidate]) -> tuple[str, ...]:
    """Return the row of one network, whichever candidates it is."""
    measured = candidates[0]
    candidate = measured.candidate
    return (
        _names(candidates),
        candidate.key,
        candidate.setting,
        format_size(candidate.flops),
        _interval(candidate.score),
        _interval(measured.interval, measured.mean),
        "; ".join(dict.fromkeys(one.candidate.chosen for one in candidates)),
    )


def _gain(comparisons: Sequence[CandidateComparison]) -> tuple[str, ...]:
    """Return the row of the comparisons with one network, which are alike."""
    comparison = comparisons[0]
    over = ", ".join(one.over for one in comparisons)
    if comparison.verdict == SAME:
        return over, "", "", "", SAME, ""
    held = {True: "held", False: "failed", None: ""}[comparison.held]
    p_value = "" if comparison.p_value is None else f"{comparison.p_value:.3f}"
    return (
        over,
        _interval(comparison.predicted, sign="+"),
        _interval(comparison.interval, comparison.gain, "+"),
        p_value,
        comparison.verdict,
        held,
    )


def _interval(interval: Interval | None, value: float | None = None, sign: str = "") -> str:
    """Return a number with its interval in brackets; the number alone without an interval."""
    form = f"{{:{sign}.3f}}"
    if interval is None:
        return "\u2013" if value is None else form.format(value)
    low, high = form.format(interval.low), form.format(interval.high)
    return f"{form.format(interval.value)} [{low}, {high}]"
