from dataclasses import replace

import pytest

from rnas.evaluation.evaluator import Evaluation, Status
from rnas.ledger import Record
from rnas.networks.residual import ResidualNetwork
from rnas.optimization.quality import WINDOW, surrogate_quality
from rnas.optimization.strategy import Prediction


def record(number: int, predicted: float | None, value: float | None) -> Record:
    return Record(
        number=number,
        key=str(number),
        architecture=ResidualNetwork((1, 1, 1), (16, 16, 16)),
        seed=0,
        fidelity={},
        batch=number // 4,
        made_from=0,
        predictions={} if predicted is None else {"accuracy": Prediction(predicted, 0.1)},
        evaluation=None if value is None else Evaluation(Status.COMPLETE, {"accuracy": value}),
    )


def test_agreement_is_one_and_its_reverse_minus_one() -> None:
    agreeing = [record(number, number / 10, number / 20) for number in range(8)]
    assert [quality.tau for quality in surrogate_quality(agreeing)] == [pytest.approx(1), pytest.approx(1)]
    opposed = [record(number, -number / 10, number / 20) for number in range(4)]
    (quality,) = surrogate_quality(opposed)
    assert quality.tau == pytest.approx(-1)
    assert (quality.batch, quality.metric, quality.evaluations) == (0, "accuracy", 4)


def test_only_predictions_with_results_count() -> None:
    records = [record(0, None, 0.3), record(1, 0.1, None), record(2, 0.2, 0.4), record(3, 0.3, 0.5)]
    assert surrogate_quality(records) == []
    failed = replace(records[2], evaluation=Evaluation(Status.DIVERGED))
    assert surrogate_quality([failed] * 6) == []


def test_only_the_last_ones_count() -> None:
    wrong = [record(number, -number, number) for number in range(40)]
    right = [record(40 + number, number, number) for number in range(WINDOW)]
    assert surrogate_quality([*wrong, *right])[-1].tau == pytest.approx(1)
    assert surrogate_quality([*wrong, *right])[-1].evaluations == WINDOW


def test_a_constant_has_no_order() -> None:
    assert surrogate_quality([record(number, 0.5, number) for number in range(8)]) == []
