"""Show a test of a rule: the words of its progress, and what was predicted beside what was measured."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rnas.cli.output import print_json, stdout
from rnas.cli.words import EvaluationWords
from rnas.experiment import Work
from rnas.scaling_rules.out_of_sample import SAME, Comparison, Measured, RuleTestBudget, RuleTestResult
from rnas.scaling_rules.prediction import Prediction
from rnas.scaling_rules.rule_test import RuleTest
from rnas.scaling_rules.saved_rule import SavedRule
from rnas.statistics.interval import Interval
from rnas.utils.quantities import counted, format_size


class ProgressWords(EvaluationWords):
    """Name the prediction before anything is evaluated, and each network by what chose it."""

    def __init__(self, experiment: RuleTest, work: Work) -> None:
        super().__init__(experiment, work)
        self._prediction = experiment.prediction
        budgets = self._prediction.budgets
        self._names = {c.key: c.name for budget in budgets for c in reversed(budget.contestants)}

    def opening(self) -> list[str]:
        """Return the prediction's hash and file, and what is evaluated."""
        path = self.experiment.path / self._prediction.file_name
        return [f"prediction {self._prediction.hash}", f"in {path}", *super().opening()]

    def found(self, record: Any) -> str:
        """Return the network's name and the seconds."""
        return f"{self._names[record.key]}  {super().found(record)}"


def show(test: RuleTest, result: RuleTestResult, as_json: bool) -> None:
    """Print what was predicted and what was measured, or all of it for machines."""
    if as_json:
        print_json(result.to_dict())
        return
    print_held_out(stdout(), result)
    stdout().print(f"Result: {test.result_file}", highlight=False, markup=False, soft_wrap=True)


def print_held_out(console: Console, result: RuleTestResult) -> None:
    """What was foretold and what was found, budget by budget."""

    prediction = result.prediction
    low, high = map(format_size, prediction.fitted_flops)
    _line(console, f"Prediction {prediction.hash}.")
    _line(console, f"Rule: {SavedRule(prediction.rule).sentence()}.")
    _line(console, f"Uniform: {SavedRule(prediction.uniform).sentence()}.")
    verdicts = "; ".join(f"{name}: {verdict}" for name, verdict in prediction.verdicts.items())
    _line(console, f"Fitted to {counted(prediction.fitted, 'evaluation')} of {low} to {high} FLOPs. {verdicts}.")
    _line(console, f"All networks but the searched one have the block and the stem of {prediction.base}.")
    for budget in result.budgets:
        _print_budget(console, budget, prediction)
    console.print()
    if result.tests:
        _line(
            console,
            f"p-values and words are corrected for {counted(result.tests, 'comparison')} (Holm), intervals are not. "
            "A prediction held where its interval holds the measured gain.",
        )
    for note in result.notes:
        _line(console, note)


def _print_budget(console: Console, budget: RuleTestBudget, prediction: Prediction) -> None:

    metric = prediction.metric.replace("_", " ")
    console.print()
    flops = [measured.contestant.flops for measured in budget.contestants]
    seeds = max(len(measured.scores) for measured in budget.contestants)
    _line(
        console,
        f"At {format_size(budget.flops)} FLOPs, the networks' own up to {max(flops) / min(flops) - 1:.1%} apart; "
        f"{metric}, {counted(seeds, 'seed')}, with 95 % intervals:",
    )
    table = Table(box=None, pad_edge=False)
    for heading in ("network", "key", "depths and widths", "FLOPs", "predicted", "measured", "chosen"):
        table.add_column(heading, justify="right" if heading == "FLOPs" else "left")
    for contestants in budget.networks:
        table.add_row(*map(Text, _cells(contestants)))
    console.print(table)
    held = [first.held for first, *_ in budget.networks if first.held is not None]
    if held:
        _line(console, f"{sum(held)} of {len(held)} measured scores lie in their predicted interval.")
    console.print()
    gains = Table(box=None, pad_edge=False)
    for heading in (
        "gain of the rule over",
        "predicted gain",
        "measured gain",
        "p (Holm)",
        "the rule is",
        "prediction",
    ):
        gains.add_column(heading)
    for comparisons in budget.compared:
        gains.add_row(*map(Text, _gain(comparisons)))
    console.print(gains)
    for name, reason in budget.left_out.items():
        _line(console, f"No {name} network: {reason}.")
    for contestants in budget.networks:
        for failure in contestants[0].failures:
            _line(console, f"{_names(contestants)}, {failure}")


def _names(contestants: Sequence[Measured]) -> str:
    return ", ".join(measured.contestant.name for measured in contestants)


def _cells(contestants: Sequence[Measured]) -> list[str]:
    """The row of one network, whichever contestants it is."""

    measured = contestants[0]
    contestant = measured.contestant
    return [
        _names(contestants),
        contestant.key,
        contestant.setting,
        format_size(contestant.flops),
        _interval(contestant.score),
        _interval(measured.interval, measured.mean),
        "; ".join(dict.fromkeys(one.contestant.chosen for one in contestants)),
    ]


def _gain(comparisons: Sequence[Comparison]) -> list[str]:
    """The row of the comparisons with one network, which are alike."""

    comparison = comparisons[0]
    over = ", ".join(one.over for one in comparisons)
    if comparison.verdict == SAME:
        return [over, "", "", "", SAME, ""]
    held = {True: "held", False: "failed", None: ""}[comparison.held]
    p_value = "" if comparison.p_value is None else f"{comparison.p_value:.3f}"
    return [
        over,
        _interval(comparison.predicted, sign="+"),
        _interval(comparison.interval, comparison.gain, "+"),
        p_value,
        comparison.verdict,
        held,
    ]


def _interval(interval: Interval | None, value: float | None = None, sign: str = "") -> str:
    """A number with its interval in brackets; the number alone where there is none."""
    form = f"{{:{sign}.3f}}"
    if interval is None:
        return "\u2013" if value is None else form.format(value)
    low, high = form.format(interval.low), form.format(interval.high)
    return f"{form.format(interval.value)} [{low}, {high}]"


def _line(console: Console, text: str) -> None:
    console.print(Text(text), soft_wrap=True)
