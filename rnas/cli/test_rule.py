"""``rnas test-rule``: test a run's rule out of sample."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rnas.cli.console import AsJson, print_json, stderr, stdout
from rnas.cli.interruption import interruptible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rnas.nas.evaluators.evaluator import Evaluation
    from rnas.nas.ledger import Record
    from rnas.scaling_rules.out_of_sample import CandidateComparison, MeasuredCandidate, RuleTest, RuleTestBudget
    from rnas.scaling_rules.prediction import RulePrediction
    from rnas.statistics.interval import Interval


def test_rule(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's directory.")],
    flops: Annotated[
        list[str] | None, typer.Option(help="Budget to test at, such as 4M; several times for several.")
    ] = None,
    fit: Annotated[
        str, typer.Option(metavar="LOW:HIGH", help="FLOPs to fit on [default: all but the test budgets].")
    ] = "",
    seeds: Annotated[int, typer.Option(min=1, help="Evaluations of each network.")] = 5,
    metric: Annotated[str | None, typer.Option(help="The score [default: the first objective maximised].")] = None,
    as_json: AsJson = False,
) -> None:
    """Test a run's rule out of sample: predict at other FLOPs, then measure.

    The rule is fitted without the test budgets. Before anything is evaluated, its predictions there are written to
    out_of_sample/prediction-HASH.json in the run's directory. Then four networks within 5 % of each budget are
    evaluated with new seeds: the rule's, RobustScaling's, a uniform one and the best searched one. After an
    interruption the same command without options resumes. The result is written to out_of_sample.json there.

    Examples:

      rnas test-rule runs/robust-resnet-1 --flops 4M

      rnas test-rule runs/robust-resnet-1 --flops 4M --flops 8M --fit 500K:2M --seeds 3

      rnas test-rule runs/robust-resnet-1
    """
    from rnas import api
    from rnas.cli.counted_lines import CountedLines

    console = stderr()
    names: dict[str, str] = {}

    def found(record: "Record", evaluation: "Evaluation") -> str:
        return f"{names[record.key]}  {evaluation.seconds:.1f} s"

    def on_prediction(prediction: "RulePrediction", path: Path) -> None:
        names.update((c.key, c.name) for budget in prediction.budgets for c in reversed(budget.candidates))
        line = f"prediction {prediction.hash}\nin {path}"
        console.print(line, highlight=False, markup=False, soft_wrap=True)

    with interruptible(console, "test-rule", run):
        result = api.test_rule(
            run,
            flops or (),
            fit=fit,
            seeds=seeds,
            metric=metric,
            on_prediction=on_prediction,
            listener=lambda setup, ledger, slots: CountedLines(console, ledger, found),
        )
    if as_json:
        print_json(result.to_dict())
        return
    print_rule_test(stdout(), result)


def print_rule_test(console: Console, result: "RuleTest") -> None:
    """Print predictions and measurements, budget by budget."""
    from rnas.scaling_rules.saved_rule import SavedRule
    from rnas.utils.quantities import format_size, pluralize

    prediction = result.prediction
    low, high = map(format_size, prediction.fitted_flops)
    _line(console, f"Prediction {prediction.hash}.")
    _line(console, f"Rule: {SavedRule(prediction.rule).sentence()}.")
    _line(console, f"Uniform: {SavedRule(prediction.uniform).sentence()}.")
    verdicts = "; ".join(f"{name}: {verdict}" for name, verdict in prediction.verdicts.items())
    _line(console, f"Fitted to {pluralize(prediction.fitted, 'evaluation')} of {low} to {high} FLOPs. {verdicts}.")
    _line(console, f"All networks but the searched one have the block and the stem of {prediction.base}.")
    for budget in result.budgets:
        _print_budget(console, budget, prediction)
    console.print()
    if result.tests:
        _line(
            console,
            f"p-values and words are corrected for {pluralize(result.tests, 'comparison')} (Holm), intervals are not. "
            "A prediction held where its interval holds the measured gain.",
        )
    for note in result.notes:
        _line(console, note)


def _print_budget(console: Console, budget: "RuleTestBudget", prediction: "RulePrediction") -> None:
    from rnas.utils.quantities import format_size, pluralize

    metric = prediction.metric.replace("_", " ")
    console.print()
    flops = [measured.candidate.flops for measured in budget.candidates]
    seeds = max(len(measured.scores) for measured in budget.candidates)
    _line(
        console,
        f"At {format_size(budget.flops)} FLOPs, the networks' own up to {max(flops) / min(flops) - 1:.1%} apart; "
        f"{metric}, {pluralize(seeds, 'seed')}, with 95 % intervals:",
    )
    table = Table(box=None, pad_edge=False)
    for heading in ("network", "key", "depths and widths", "FLOPs", "predicted", "measured", "chosen"):
        table.add_column(heading, justify="right" if heading == "FLOPs" else "left")
    for candidates in budget.networks:
        table.add_row(*map(Text, _cells(candidates)))
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
    for candidates in budget.networks:
        for failure in candidates[0].failures:
            _line(console, f"{_names(candidates)}, {failure}")


def _names(candidates: "Sequence[MeasuredCandidate]") -> str:
    return ", ".join(measured.candidate.name for measured in candidates)


def _cells(candidates: "Sequence[MeasuredCandidate]") -> list[str]:
    """The row of one network, whichever candidates it is."""
    from rnas.utils.quantities import format_size

    measured = candidates[0]
    candidate = measured.candidate
    return [
        _names(candidates),
        candidate.key,
        candidate.setting,
        format_size(candidate.flops),
        _interval(candidate.score),
        _interval(measured.interval, measured.mean),
        "; ".join(dict.fromkeys(one.candidate.chosen for one in candidates)),
    ]


def _gain(comparisons: "Sequence[CandidateComparison]") -> list[str]:
    """The row of the comparisons with one network, which are alike."""
    from rnas.scaling_rules.out_of_sample import SAME

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


def _interval(interval: "Interval | None", value: float | None = None, sign: str = "") -> str:
    """A number with its interval in brackets; the number alone without one."""
    form = f"{{:{sign}.3f}}"
    if interval is None:
        return "\u2013" if value is None else form.format(value)
    low, high = form.format(interval.low), form.format(interval.high)
    return f"{form.format(interval.value)} [{low}, {high}]"


def _line(console: Console, text: str) -> None:
    console.print(Text(text), soft_wrap=True)
