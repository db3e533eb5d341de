"""What came of a prediction, on scores that are given."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import ttest_rel

from rnas.nas.evaluators.evaluator import Evaluation, Status
from rnas.nas.ledger import Record
from rnas.scaling_rules.out_of_sample import (
    BETTER,
    NO_DIFFERENCE,
    SAME,
    UNDECIDED,
    WORSE,
    RuleTestResult,
    measure,
)
from rnas.scaling_rules.prediction import RULE, UNIFORM, RulePrediction
from rnas.statistics.interval import Interval
from tests.rnas.scaling_rules.test_prediction import PREDICTION, candidate

BUDGET = 40_000_000

RIVALS = {RULE: (2, 2, 1), "robust-scaling": (3, 1, 1), UNIFORM: (1, 2, 2), "searched": (2, 2, 1)}


ALIKE = {RULE: (2, 2, 1), "robust-scaling": (3, 1, 1), UNIFORM: (1, 2, 2), "searched": (1, 2, 2)}
"""The uniform network is the searched one."""

Rivals = Mapping[str, tuple[int, ...]]


def prediction(rivals: Rivals = RIVALS) -> RulePrediction:
    """Of a rule whose network is the searched one, too; or of other networks, by their depths."""
    gain = Interval(0.05, 0.0, 0.1)
    candidates = tuple(candidate(name, depths) for name, depths in rivals.items())
    gains = {name: gain for name, depths in rivals.items() if depths != rivals[RULE]}
    budget = replace(PREDICTION.budgets[0], candidates=candidates, gains=gains, left_out={})
    return replace(PREDICTION, budgets=(budget,))


def records(scores: Mapping[str, Mapping[int, float | None]], rivals: Rivals = RIVALS) -> list[Record]:
    """Evaluations by candidate and seed; None failed."""
    found = []
    for name, by_seed in scores.items():
        own = candidate(name, rivals[name])
        for seed, score in by_seed.items():
            evaluation = Evaluation(Status.COMPLETE, {"robust_accuracy": score}) if score is not None else None
            evaluation = evaluation or Evaluation(Status.FAILED, reason="no memory")
            found.append(Record(len(found), own.key, own.network, seed, {}, 0, 0, evaluation=evaluation))
    return found


def result(rivals: Rivals = RIVALS, **scores: list[float | None]) -> RuleTestResult:
    by_seed = {name.replace("_", "-"): dict(enumerate(values, 1)) for name, values in scores.items()}
    return measure(prediction(rivals), records(by_seed, rivals))


OURS = [0.50, 0.53, 0.47, 0.51, 0.52]


def test_differences_are_paired_by_seed_and_corrected_for_their_number() -> None:
    rng = np.random.default_rng(0)
    below = [score - 0.05 + 0.005 * noise for score, noise in zip(OURS, rng.standard_normal(5), strict=True)]
    about = [0.49, 0.49, 0.52, 0.50, 0.53]
    whole = result(rule=OURS, robust_scaling=below, uniform=about)
    (budget,) = whole.budgets
    scaling, uniform, searched = budget.comparisons
    tested = ttest_rel(OURS, below)
    assert scaling.gain == pytest.approx(np.mean(OURS) - np.mean(below))
    assert scaling.interval is not None
    assert (scaling.interval.low, scaling.interval.high) == pytest.approx(tuple(tested.confidence_interval(0.95)))
    assert scaling.p_value == pytest.approx(2 * tested.pvalue)
    assert (scaling.verdict, scaling.held) == (BETTER, True)
    assert uniform.p_value == pytest.approx(max(ttest_rel(OURS, about).pvalue, 2 * tested.pvalue))
    assert uniform.verdict == NO_DIFFERENCE
    assert (searched.verdict, searched.gain, searched.held) == (SAME, None, None)
    assert budget.candidates[0].same_as == ("searched",)
    assert budget.candidates[3].mean == pytest.approx(np.mean(OURS))
    rows = whole.rows()
    assert [row["name"] for row in rows] == ["rule", "robust-scaling", "uniform", "searched"]
    assert rows[1]["mean"] == pytest.approx(np.mean(below))
    assert rows[0]["predicted_low"] < rows[0]["predicted"] < rows[0]["predicted_high"]


def test_worse_and_not_as_predicted() -> None:
    above = [score + 0.1 + 0.001 * seed for seed, score in enumerate(OURS)]
    (budget,) = result(rule=OURS, robust_scaling=above, uniform=OURS).budgets
    scaling, uniform, _ = budget.comparisons
    assert (scaling.verdict, scaling.held) == (WORSE, False)
    assert (uniform.verdict, uniform.gain, uniform.p_value) == (NO_DIFFERENCE, 0.0, 1.0)


def test_what_two_comparisons_make_of_chance() -> None:
    """A p-value between 2.5 and 5 % decides alone, and not as the smaller of two."""
    noisy = [0.47, 0.51, 0.46, 0.46, 0.51]
    p_value = ttest_rel(OURS, noisy).pvalue
    assert 0.025 < p_value < 0.05
    (budget,) = result(rule=OURS, robust_scaling=noisy, uniform=OURS).budgets
    assert budget.comparisons[0].verdict == NO_DIFFERENCE
    (alone,) = result(rule=OURS, robust_scaling=noisy, uniform=[]).budgets
    assert alone.comparisons[0].verdict == BETTER


@pytest.mark.parametrize("order", [list(ALIKE), [RULE, "searched", UNIFORM, "robust-scaling"]])
def test_contestants_that_are_one_network_have_one_test(order: list[str]) -> None:
    noisy = [0.47, 0.51, 0.46, 0.46, 0.51]
    p_value = ttest_rel(OURS, noisy).pvalue
    found = result({name: ALIKE[name] for name in order}, rule=OURS, robust_scaling=OURS, uniform=noisy)
    (budget,) = found.budgets
    by_name = {comparison.over: comparison for comparison in budget.comparisons}
    assert [comparison.over for comparison in budget.comparisons] == order[1:]
    assert found.tests == 2
    assert by_name["searched"].p_value == pytest.approx(2 * p_value)
    assert replace(by_name["searched"], over=UNIFORM) == by_name[UNIFORM]
    alike = [name for name in order if name in (UNIFORM, "searched")]
    assert alike in [[measured.candidate.name for measured in group] for group in budget.networks]
    assert alike in [[comparison.over for comparison in group] for group in budget.compared]
    assert [len(budget.networks), len(budget.compared)] == [3, 2]


def test_whether_a_score_is_as_predicted() -> None:
    found = result(rule=OURS, robust_scaling=[0.7, 0.62], uniform=[None])
    (budget,) = found.budgets
    assert [measured.held for measured in budget.candidates] == [True, False, None, True]
    content = found.to_dict()["budgets"][0]
    assert [one["held"] for one in content["candidates"]] == [True, False, None, True]


def test_a_failure_of_a_network_that_is_two_contestants_is_told_once() -> None:
    made = records({RULE: {1: 0.5, 2: None}})
    (budget,) = measure(prediction(), [*made, *made]).budgets
    assert [measured.failures for measured in budget.candidates if measured.candidate.name == RULE] == [
        ("seed 2: failed: no memory",)
    ]


def test_failures_leave_their_pairs_out() -> None:
    (budget,) = result(rule=[0.5, None, 0.6], robust_scaling=[0.4, 0.9, 0.5], uniform=[0.4, 0.4, None]).budgets
    assert budget.candidates[0].failures == ("seed 2: failed: no memory",)
    scaling, uniform, _ = budget.comparisons
    assert scaling.gain == pytest.approx(0.1)
    assert uniform.gain == pytest.approx(0.1)
    assert (uniform.interval, uniform.p_value, uniform.verdict) == (None, None, UNDECIDED)


def test_one_seed_decides_nothing() -> None:
    found = result(rule=[0.5], robust_scaling=[0.1], uniform=[0.4])
    (budget,) = found.budgets
    assert [measured.interval for measured in budget.candidates] == [None] * 4
    assert [comparison.verdict for comparison in budget.comparisons] == [UNDECIDED, UNDECIDED, SAME]
    assert any("there is no interval over seeds" in note for note in found.notes)


def test_a_table_may_hold_the_score_of_each_seed() -> None:
    own = candidate(RULE, RIVALS[RULE])
    metrics = {"robust_accuracy": 0.5, "robust_accuracy_seed0": 0.4, "robust_accuracy_seed1": 0.6}
    record = Record(0, own.key, own.network, 1, {}, 0, 0, evaluation=Evaluation(Status.COMPLETE, metrics))
    (budget,) = measure(prediction(), [record]).budgets
    assert budget.candidates[0].scores == {0: 0.4, 1: 0.6}
