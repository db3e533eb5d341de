import math
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnas.training.schedules._progress import Progress
from rnas.training.schedules.cosine import Cosine


@st.composite
def cosines(draw: st.DrawFn) -> Cosine:
    shares = st.floats(0, 1)
    every: Any = draw(st.sampled_from(["step", "epoch"]))
    return Cosine(warmup=draw(st.floats(0, 0.99)), initial=draw(shares), final=draw(shares), every=every)


@given(schedule=cosines(), epochs=st.integers(1, 30), each=st.integers(1, 9))
def test_it_rises_to_at_most_1_and_falls_from_there(schedule: Cosine, epochs: int, each: int) -> None:
    steps = [Progress(step, epochs * each, epochs) for step in range(epochs * each)]
    factors = [schedule.factor(progress) for progress in steps]
    assert all(min(schedule.initial, schedule.final) - 1e-12 <= factor <= 1 + 1e-12 for factor in factors)
    top = max(range(len(factors)), key=lambda n: factors[n])
    tolerance = 1e-12
    assert all(before <= after + tolerance for before, after in pairwise(factors[: top + 1]))
    assert all(before >= after - tolerance for before, after in pairwise(factors[top:]))
    assert all(schedule.momentum(progress) is None for progress in steps)


@pytest.mark.parametrize("epochs", [1, 7, 400])
def test_by_epoch_it_is_that_of_robust_self_training(epochs: int) -> None:
    schedule = Cosine(every="epoch")
    for epoch in range(epochs):
        for step in range(3):
            factor = schedule.factor(Progress(3 * epoch + step, 3 * epochs, epochs))
            assert factor == pytest.approx(0.5 * (1 + math.cos(epoch / epochs * math.pi)), rel=1e-12, abs=1e-15)


def test_warm_up_is_linear_by_epoch_as_the_robnets_have_it() -> None:
    schedule = Cosine(warmup=20 / 170, initial=0.02 / 1.2, final=0.001 / 1.2, every="epoch")
    for epoch in range(170):
        if epoch < 20:
            expected = 0.02 + (1.2 - 0.02) * epoch / 20
        else:
            expected = 0.001 + (1.2 - 0.001) * (1 + math.cos(math.pi * (epoch - 20) / 150)) / 2
        assert 1.2 * schedule.factor(Progress(epoch, 170, 170)) == pytest.approx(expected, rel=1e-12)


def test_it_may_hold_and_be_cut_off_as_a_scheduler_of_torch_after_a_warm_up() -> None:
    schedule = Cosine(warmup=8 / 100, hold=1 / 100, length=1.0, final=5e-6 / 2.5e-4, every="epoch")
    rates = [2.5e-4 * schedule.factor(Progress(epoch, 100, 100)) for epoch in range(100)]
    assert rates[:10] == pytest.approx([2.5e-4 * min(epoch / 8, 1) for epoch in range(10)], rel=1e-12)
    # The learning rates of epochs 50, 90 and 100 of the released script.
    assert [rates[epoch - 1] for epoch in (50, 90, 100)] == pytest.approx([1.654e-4, 2.84e-5, 1.10e-5], rel=5e-3)


def test_warm_up_by_step_is_linear_from_its_first_step() -> None:
    schedule = Cosine(warmup=0.5)
    # Nine steps are at tenths.
    rising = [schedule.factor(Progress(step, 9, 3)) for step in range(5)]
    assert rising == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    falling = [schedule.factor(Progress(step, 9, 3)) for step in range(5, 9)]
    assert falling == pytest.approx([0.5 * (1 + math.cos(math.pi * n / 5)) for n in range(1, 5)])
