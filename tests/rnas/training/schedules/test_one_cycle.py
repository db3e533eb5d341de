from itertools import pairwise
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.optim.lr_scheduler import OneCycleLR

from rnas.errors import InputError
from rnas.training.schedules._progress import Progress
from rnas.training.schedules.one_cycle import OneCycle


@pytest.mark.parametrize(("epochs", "peak"), [(400, 0.025), (400, 0.5), (100, 0.3), (31, 0.1), (5, 0.4)])
@pytest.mark.parametrize("shape", ["cosine", "linear"])
def test_by_epoch_it_is_torchs_stepped_once_an_epoch(epochs: int, peak: float, shape: Any) -> None:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.4, momentum=0.9)
    annealing = {"cosine": "cos", "linear": "linear"}[shape]
    theirs = OneCycleLR(optimizer, 0.4, total_steps=epochs, pct_start=peak, anneal_strategy=annealing)
    ours = OneCycle(peak=peak, initial=1 / 25, final=1 / 25e4, shape=shape, momenta=(0.85, 0.95), every="epoch")
    for epoch in range(epochs):
        group = optimizer.param_groups[0]
        for step in (2 * epoch, 2 * epoch + 1):
            progress = Progress(step, 2 * epochs, epochs)
            assert 0.4 * ours.factor(progress) == pytest.approx(group["lr"], rel=1e-10)
            assert ours.momentum(progress) == pytest.approx(group["momentum"], rel=1e-12)
        optimizer.step()
        if epoch < epochs - 1:
            theirs.step()


def test_by_step_it_goes_straight_up_and_straight_down() -> None:
    schedule = OneCycle(peak=0.5)
    # Nine steps are at tenths.
    factors = [schedule.factor(Progress(step, 9, 3)) for step in range(9)]
    assert factors == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0, 0.8, 0.6, 0.4, 0.2])
    assert schedule.momentum(Progress(0, 9, 3)) is None


@st.composite
def cycles(draw: st.DrawFn) -> OneCycle:
    shares = st.floats(0, 1)
    return OneCycle(
        peak=draw(st.floats(0.001, 0.999)),
        initial=draw(shares),
        final=draw(shares),
        shape=draw(st.sampled_from(["linear", "cosine"])),
        momenta=(0.85, 0.95),
        every=draw(st.sampled_from(["step", "epoch"])),
    )


@given(schedule=cycles(), epochs=st.integers(1, 30), each=st.integers(1, 5))
def test_it_rises_then_falls_and_momentum_goes_against_it(schedule: OneCycle, epochs: int, each: int) -> None:
    steps = [Progress(step, epochs * each, epochs) for step in range(epochs * each)]
    factors = [schedule.factor(progress) for progress in steps]
    momenta = [schedule.momentum(progress) for progress in steps]
    assert all(-1e-12 <= factor <= 1 + 1e-12 for factor in factors)
    assert all(momentum is not None and 0.85 - 1e-12 <= momentum <= 0.95 + 1e-12 for momentum in momenta)
    rises = [after - before > 1e-12 for before, after in pairwise(factors)]
    falls = [after - before < -1e-12 for before, after in pairwise(factors)]
    # Nothing rises after something fell.
    assert not any(any(falls[:n]) for n, rising in enumerate(rises) if rising)


@pytest.mark.parametrize("wrong", [{"peak": 0}, {"peak": 1}, {"peak": 0.5, "momenta": [0.9, 1.0]}])
def test_what_is_no_cycle_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError):
        OneCycle(**wrong)
