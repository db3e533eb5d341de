import logging
from dataclasses import replace

import numpy as np
import pytest

from rnas.errors import InputError
from rnas.nas._members import knee, member
from rnas.nas.evaluators.evaluator import Evaluation, Status
from rnas.nas.ledger import Record
from rnas.nas.objective import Objective
from rnas.nas.result import SearchResult


def flops(record: Record) -> int:
    return record.architecture.cost((3, 32, 32), 10).flops


def scored(run: SearchResult, points: list[tuple[float, float]]) -> SearchResult:
    """The run as if its networks had these scores and FLOPs."""
    records = [
        replace(record, evaluation=Evaluation(Status.COMPLETE, {"score": score, "flops": cost}))
        for record, (score, cost) in zip(run.records, points, strict=False)
    ]
    return SearchResult(run.setup, records)


def test_by_key(finished_run: SearchResult) -> None:
    for record in finished_run.records:
        assert member(finished_run, record.key).architecture == record.architecture


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        # Scores saturate after the third.
        ([(10, 1), (50, 2), (80, 3), (84, 6), (85, 9)], 2),
        # A dominated network is not on the front.
        ([(10, 1), (79, 4), (80, 3), (85, 9)], 2),
    ],
)
def test_the_knee(finished_run: SearchResult, points: list[tuple[float, float]], expected: int) -> None:
    found = knee(scored(finished_run, points))
    assert found is not None
    assert found.number == expected


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        # All lie on the worse side of the line through the ends.
        ([(0, 1), (3.6, 5), (10, 9)], 2),
        ([(10, 1), (30, 5), (90, 9), (70, 8)], 2),
        # On the line.
        ([(10, 1), (20, 2), (30, 3)], 2),
        ([(10, 1), (20, 2)], 1),
        ([(10, 1)], 0),
        # The second is not on the front.
        ([(10, 1), (5, 2)], 0),
    ],
)
def test_without_a_knee_the_best_by_the_first_objective_is_taken(
    finished_run: SearchResult, points: list[tuple[float, float]], expected: int
) -> None:
    run = scored(finished_run, points)
    assert knee(run) is None
    assert member(run, "knee").number == expected


def test_of_three_objectives_the_knee_lies_better_than_the_plane_through_the_extremes(
    finished_run: SearchResult,
) -> None:
    params = Objective(metric="params", direction="minimize")
    problem = finished_run.setup.problem
    problem = replace(
        problem, objectives=(*problem.objectives, params), reference=np.full(3, np.nan), ideal=np.full(3, np.nan)
    )

    def found(middle: tuple[float, float, float]) -> int | None:
        points = [(10.0, 9.0, 9.0), (0.0, 1.0, 9.0), (0.0, 9.0, 1.0), middle]
        records = [
            replace(
                record,
                evaluation=Evaluation(Status.COMPLETE, dict(zip(("score", "flops", "params"), point, strict=True))),
            )
            for record, point in zip(finished_run.records, points, strict=False)
        ]
        chosen = knee(SearchResult(replace(finished_run.setup, problem=problem), records))
        return None if chosen is None else chosen.number

    assert found((6, 4, 4)) == 3
    assert found((1, 8, 8)) is None


def test_which_one_was_taken_is_told(finished_run: SearchResult, caplog: pytest.LogCaptureFixture) -> None:
    objective = Objective(metric="robust_accuracy", direction="maximize")
    objectives = (objective, finished_run.setup.problem.objectives[1])
    setup = replace(finished_run.setup, problem=replace(finished_run.setup.problem, objectives=objectives))

    def told(middle: float) -> tuple[str, str]:
        points = [(0.0, 1e5), (middle, 312_300), (0.1, 9e5)]
        records = [
            replace(record, evaluation=Evaluation(Status.COMPLETE, {"robust_accuracy": accuracy, "flops": cost}))
            for record, (accuracy, cost) in zip(finished_run.records, points, strict=False)
        ]
        caplog.clear()
        key = member(SearchResult(setup, records), "knee").key
        return key, caplog.messages[-1]

    key, line = told(0.087)
    assert line == f"knee of the search: {key}, robust_accuracy 8.7\u00a0%, flops 312K"
    key, line = told(0.01)
    start = "no knee on the front of the search: took its best robust_accuracy: "
    assert line == f"{start}{key}, robust_accuracy 10.0\u00a0%, flops 900K"
    caplog.clear()
    caplog.set_level(logging.DEBUG)
    member(finished_run, finished_run.records[0].key)
    assert caplog.messages == []


def test_the_knee_is_that_of_other_units_too(finished_run: SearchResult) -> None:
    points = [(10.0, 1.0), (50.0, 2.0), (80.0, 3.0), (84.0, 6.0), (85.0, 9.0)]
    scaled = [(score / 100 - 3, cost * 1e9) for score, cost in points]
    assert member(scored(finished_run, points), "knee").number == 2
    assert member(scored(finished_run, scaled), "knee").number == 2


def test_the_best_under_a_cost(finished_run: SearchResult) -> None:
    costs = sorted(flops(record) for record in finished_run.records)
    for limit in (costs[0], costs[3], costs[-1], costs[-1] + 1):
        found = member(finished_run, f"at:{limit}")
        within = [record for record in finished_run.records if flops(record) <= limit]
        assert flops(found) <= limit
        assert found.metrics["score"] == max(record.metrics["score"] for record in within)
        equals = [record for record in within if record.metrics["score"] == found.metrics["score"]]
        assert flops(found) == min(map(flops, equals))


def test_the_most_of_a_metric(finished_run: SearchResult) -> None:
    assert flops(member(finished_run, "max:flops")) == max(map(flops, finished_run.records))
    deepest = max(sum(record.architecture.depths) for record in finished_run.records)
    assert sum(member(finished_run, "max:score").architecture.depths) == deepest


def test_failures_are_no_members_by_merit(finished_run: SearchResult) -> None:
    least = min(map(flops, finished_run.records))
    failure = Evaluation(Status.FAILED, reason="out of luck")
    records = [replace(r, evaluation=failure) if flops(r) == least else r for r in finished_run.records]
    run = SearchResult(finished_run.setup, records)
    with pytest.raises(InputError, match="the search has no member of at most"):
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
def test_words_that_name_nothing(finished_run: SearchResult, word: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        member(finished_run, word)


@pytest.mark.parametrize("word", ["knee", "at:5G", "max:score"])
def test_a_run_without_results(finished_run: SearchResult, word: str) -> None:
    with pytest.raises(InputError, match="the search has no complete evaluation yet"):
        member(SearchResult(finished_run.setup, []), word)
