from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnas.errors import InputError
from rnas.training.schedules._progress import Progress
from rnas.training.schedules.multistep import Multistep


def test_milestones_are_the_first_epochs_that_are_lower() -> None:
    schedule = Multistep(milestones=(Fraction(3, 4), Fraction(9, 10)))
    expected = [1.0] * 75 + [0.1] * 15 + [0.01] * 10
    for step in range(700):
        assert schedule.factor(Progress(step, 700, 100)) == pytest.approx(expected[step // 7], rel=1e-12)
        assert schedule.momentum(Progress(step, 700, 100)) is None


@given(
    milestones=st.lists(st.fractions(0, 1, max_denominator=50).filter(lambda share: share < 1), max_size=4),
    gamma=st.floats(0.01, 1),
    epochs=st.integers(1, 50),
)
def test_it_falls_by_gamma_a_milestone_and_only_between_epochs(
    milestones: list[Fraction], gamma: float, epochs: int
) -> None:
    schedule = Multistep(milestones=tuple(milestones), gamma=gamma)
    factors = [schedule.factor(Progress(step, 3 * epochs, epochs)) for step in range(3 * epochs)]
    assert all(0 < factor <= 1 for factor in factors)
    assert factors == sorted(factors, reverse=True)
    assert all(len(set(factors[n : n + 3])) == 1 for n in range(0, 3 * epochs, 3))
    before_the_end = [share for share in milestones if share <= Fraction(epochs - 1, epochs)]
    assert factors[-1] == pytest.approx(gamma ** len(before_the_end))


@pytest.mark.parametrize("wrong", [{"milestones": [75, 90]}, {"milestones": ["3/4"], "gamma": 10}])
def test_epochs_are_no_milestones_and_nothing_rises(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError, match="less than"):
        Multistep(**wrong)
