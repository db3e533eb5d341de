import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnas.nas._rungs import BatchPosition, batch_of, position_of, promoted


@pytest.mark.parametrize(
    ("rungs", "turns"),
    [
        (1, ["0/0", "0/1", "0/2", "0/3"]),
        (2, ["0/0", "0/1", "1/0", "0/2", "1/1", "0/3", "1/2"]),
        (3, ["0/0", "0/1", "1/0", "0/2", "1/1", "2/0", "0/3", "1/2", "2/1"]),
    ],
)
def test_cohorts_start_and_are_promoted_in_turns(rungs: int, turns: list[str]) -> None:
    places = [position_of(batch, rungs) for batch in range(len(turns))]
    assert [f"{p.rung}/{p.cohort}" for p in places] == turns


@given(batch=st.integers(0, 500), rungs=st.integers(1, 5))
def test_a_place_is_one_batch(batch: int, rungs: int) -> None:
    assert batch_of(position_of(batch, rungs), rungs) == batch


@given(cohort=st.integers(0, 100), rungs=st.integers(2, 5), data=st.data())
def test_a_promotion_comes_at_least_two_batches_after_what_it_is_decided_by(
    cohort: int, rungs: int, data: st.DataObject
) -> None:
    rung = data.draw(st.integers(1, rungs - 1))
    assert batch_of(BatchPosition(rung, cohort), rungs) - batch_of(BatchPosition(rung - 1, cohort), rungs) >= 2


def test_the_best_ranks_go_on_and_of_a_rank_those_in_the_least_crowd() -> None:
    front = [(0.0, 4.0), (1.0, 3.9), (1.1, 3.8), (4.0, 0.0)]
    points = np.array([*front, (5.0, 5.0), (1.5, 3.9)])
    assert promoted(points, np.array([0, 1, 2, 3, 4, 5]), 3).tolist() == [0, 3, 2]
    assert promoted(points, np.array([4, 5]), 1).tolist() == [5]
    assert promoted(points, np.array([4, 1]), 2).tolist() == [1, 4]


def test_equal_points_are_promoted_in_their_order() -> None:
    assert promoted(np.ones((4, 2)), np.array([1, 2, 3]), 2).tolist() == [1, 2]
