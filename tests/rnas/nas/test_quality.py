from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import kendalltau

from rnas.nas.evaluators.evaluator import Evaluation, Status
from rnas.nas.ledger import Record
from rnas.nas.objective import Objective
from rnas.nas.quality import WINDOW, latest_quality, surrogate_quality
from rnas.nas.strategy import Prediction
from rnas.networks.residual import ResidualNetwork

UP = (Objective(metric="accuracy", direction="maximize"),)
DOWN = (Objective(metric="accuracy", direction="minimize"),)


def record(number: int, predicted: float | None, value: float | None, std: float = 0.1) -> Record:
    return Record(
        number=number,
        key=str(number),
        architecture=ResidualNetwork((1, 1, 1), (16, 16, 16)),
        seed=0,
        fidelity={},
        batch=number // 4,
        num_observed=0,
        predictions={} if predicted is None else {"accuracy": Prediction(predicted, std)},
        evaluation=None if value is None else Evaluation(Status.COMPLETE, {"accuracy": value}),
    )


def test_agreement_is_one_and_its_reverse_minus_one() -> None:
    agreeing = [record(number, number / 10, number / 20) for number in range(8)]
    assert [quality.tau for quality in surrogate_quality(agreeing, UP)] == [pytest.approx(1), pytest.approx(1)]
    opposed = [record(number, -number / 10, number / 20) for number in range(4)]
    (quality,) = surrogate_quality(opposed, UP)
    assert quality.tau == quality.tau_overall == pytest.approx(-1)
    assert (quality.batch, quality.metric, quality.evaluations) == (0, "accuracy", 4)


def test_only_predictions_with_results_count() -> None:
    records = [record(0, None, 0.3), record(1, 0.1, None), record(2, 0.2, 0.4), record(3, 0.3, 0.5)]
    assert surrogate_quality(records, UP) == []
    failed = replace(records[2], evaluation=Evaluation(Status.DIVERGED))
    assert surrogate_quality([failed] * 6, UP) == []
    assert latest_quality([failed] * 6, UP) == latest_quality([], UP) == []


def test_results_without_predictions_and_failures_change_nothing_but_the_count() -> None:
    foretold = [record(number, number % 5, number) for number in range(12)]
    higher_rung = [replace(record(number, None, -number), rungs_above=0) for number in range(12, 16)]
    failed = replace(record(16, 100.0, None), evaluation=Evaluation(Status.TIMEOUT))
    other_metric = replace(record(17, 0.0, None), evaluation=Evaluation(Status.COMPLETE, {"flops": 5.0}))
    alone = surrogate_quality([*foretold, record(18, 3.0, 18.0)], UP)[-1]
    among = surrogate_quality([*foretold, *higher_rung, failed, other_metric, record(18, 3.0, 18.0)], UP)[-1]
    assert (alone.after, alone.predicted) == (13, 13)
    assert among == replace(alone, after=19)


def test_only_the_last_ones_count() -> None:
    wrong = [record(number, -number, number) for number in range(40)]
    right = [record(40 + number, number, number) for number in range(WINDOW)]
    last = surrogate_quality([*wrong, *right], UP)[-1]
    assert last.tau == pytest.approx(1)
    assert last.evaluations == WINDOW
    assert last.predicted == last.after == 60


def test_a_constant_has_no_order() -> None:
    assert surrogate_quality([record(number, 0.5, number) for number in range(8)], UP) == []


def test_overall_counts_all_and_the_top_fifth_is_of_the_true_best() -> None:
    rng = np.random.default_rng(0)
    values = rng.random(40)
    means = values + rng.normal(scale=0.2, size=40)
    records = [record(number, *pair) for number, pair in enumerate(zip(means, values, strict=True))]
    for objectives, best in ((UP, np.argsort(-values)[:8]), (DOWN, np.argsort(values)[:8])):
        last = surrogate_quality(records, objectives)[-1]
        assert last.tau_overall == pytest.approx(kendalltau(means, values).statistic)
        assert last.tau_top_fifth == pytest.approx(kendalltau(means[best], values[best]).statistic)
        assert last.tau == pytest.approx(kendalltau(means[-WINDOW:], values[-WINDOW:]).statistic)


def test_a_top_fifth_of_less_than_four_has_no_tau() -> None:
    tops = [quality.tau_top_fifth for quality in surrogate_quality([record(n, n, n) for n in range(20)], UP)]
    assert tops == [None, None, None, pytest.approx(1), pytest.approx(1)]


@pytest.mark.parametrize(("share", "std"), [(0.9, 1.0), (0.59, 0.5), (0.0, 0.0)])
def test_intervals_are_counted(share: float, std: float) -> None:
    errors = np.random.default_rng(1).normal(size=4000)
    records = [record(number, number + errors[number], number, std) for number in range(4000)]
    assert latest_quality(records, UP)[-1].coverage_90 == pytest.approx(share, abs=0.015)


def test_the_latest_is_the_last_of_all() -> None:
    rng = np.random.default_rng(2)
    both = (*UP, Objective(metric="clean", direction="maximize"))
    records = [
        replace(
            record(number, None, None),
            predictions={name: Prediction(rng.random(), 0.1) for name in ("accuracy", "clean")},
            evaluation=Evaluation(Status.COMPLETE, {"accuracy": rng.random(), "clean": rng.random()}),
        )
        for number in range(22)
    ]
    every = surrogate_quality(records, both)
    assert len(every) == 12
    assert latest_quality(records, both) == every[-2:]
    assert [quality.metric for quality in every[-2:]] == ["accuracy", "clean"]
