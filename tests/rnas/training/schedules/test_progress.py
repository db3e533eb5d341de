from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from rnas.training.schedules._progress import Progress


@given(epochs=st.integers(1, 60), each=st.integers(1, 30))
def test_epochs_are_whole_and_steps_between_the_ends(epochs: int, each: int) -> None:
    steps = epochs * each
    for step in range(steps):
        progress = Progress(step, steps, epochs)
        assert progress.share("epoch") == Fraction(step // each, epochs)
        assert progress.share("step") == Fraction(step + 1, steps + 1)


@given(part=st.integers(0, 99), each=st.integers(1, 30))
def test_decimal_shares_are_reached_on_their_very_step(part: int, each: int) -> None:
    steps = 100 * each
    assert Progress(part * each, steps, 100).reached(float(f"0.{part:02}"))
    assert part == 0 or not Progress(part * each - 1, steps, 100).reached(float(f"0.{part:02}"))
