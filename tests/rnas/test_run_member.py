from dataclasses import replace

import pytest

from rnas.errors import InputError
from rnas.evaluation.evaluator import Evaluation, Status
from rnas.ledger import Record
from rnas.run import Run
from rnas.run_member import knee, member


def flops(record: Record) -> int:
    return record.architecture.cost((3, 32, 32), 10).flops


def scored(run: Run, points: list[tuple[float, float]]) -> Run:
    """The run as if its networks had these scores and FLOPs."""
    records = [
        replace(record, evaluation=Evaluation(Status.COMPLETE, {"score": score, "flops": cost}))
        for record, (score, cost) in zip(run.records, points, strict=False)
    ]
    return Run(run.setup, records)


def test_by_key(finished_run: Run) -> None:
    for record in finished_run.records:
        assert member(finished_run, record.key).architecture == record.architecture


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        # Scores saturate after the third.
        ([(10, 1), (50, 2), (80, 3), (84, 6), (85, 9)], 2),
        # The one below the line through the ends is no knee.
        ([(10, 1), (30, 5), (90, 9)], 0),
        # A dominated network is not on the front.
        ([(10, 1), (79, 4), (80, 3), (85, 9)], 2),
        ([(10, 1)], 0),
        ([(10, 1), (20, 2)], 0),
    ],
)
def test_the_knee(finished_run: Run, points: list[tuple[float, float]], expected: int) -> None:
    assert knee(scored(finished_run, points)).number == expected


def test_the_knee_is_that_of_other_units_too(finished_run: Run) -> None:
    points = [(10.0, 1.0), (50.0, 2.0), (80.0, 3.0), (84.0, 6.0), (85.0, 9.0)]
    scaled = [(score / 100 - 3, cost * 1e9) for score, cost in points]
    assert knee(scored(finished_run, points)).number == knee(scored(finished_run, scaled)).number


def test_the_best_under_a_cost(finished_run: Run) -> None:
    costs = sorted(flops(record) for record in finished_run.records)
    for limit in (costs[0], costs[3], costs[-1], costs[-1] + 1):
        found = member(finished_run, f"at:{limit}")
        within = [record for record in finished_run.records if flops(record) <= limit]
        assert flops(found) <= limit
        assert found.metrics["score"] == max(record.metrics["score"] for record in within)
        equals = [record for record in within if record.metrics["score"] == found.metrics["score"]]
        assert flops(found) == min(map(flops, equals))


def test_the_most_of_a_metric(finished_run: Run) -> None:
    assert flops(member(finished_run, "max:flops")) == max(map(flops, finished_run.records))
    deepest = max(sum(record.architecture.depths) for record in finished_run.records)
    assert sum(member(finished_run, "max:score").architecture.depths) == deepest


def test_failures_are_no_members_by_merit(finished_run: Run) -> None:
    least = min(map(flops, finished_run.records))
    failure = Evaluation(Status.FAILED, reason="out of luck")
    records = [replace(r, evaluation=failure) if flops(r) == least else r for r in finished_run.records]
    run = Run(finished_run.setup, records)
    with pytest.raises(InputError, match="the run has no member of at most"):
        member(run, f"at:{least}")
    failed = next(record for record in records if not record.complete)
    assert member(run, failed.key) == failed


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("at:1M", r"has no member of at most 1M FLOPs; its smallest has \d+"),
        ("at:much", "'much' is not a size"),
        ("max:luck", "has no metric 'luck'; it has flops, params, score"),
        ("best", "has no member 'best'; write a key, knee, at:FLOPS such as at:200M, or max:METRIC"),
        ("knees", "no member"),
        ("at:", "no member"),
        ("max:", "no member"),
        ("", "no member"),
    ],
)
def test_words_that_name_nothing(finished_run: Run, word: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        member(finished_run, word)


@pytest.mark.parametrize("word", ["knee", "at:5G", "max:score"])
def test_a_run_without_results(finished_run: Run, word: str) -> None:
    with pytest.raises(InputError, match="the run has no complete evaluation yet"):
        member(Run(finished_run.setup, []), word)
