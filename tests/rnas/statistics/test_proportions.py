import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnas.statistics.proportions import indistinguishable, proportion


def test_wilson_interval_of_a_textbook_case():
    share = proportion(81 / 263, 263)
    assert (share.low, share.high) == pytest.approx((0.2553, 0.3662), abs=5e-5)  # Newcombe 1998, Table I, method 3


def test_difference_of_a_textbook_case():
    """56/70 and 48/80: 0.0524 to 0.3339 by method 10 (Newcombe 1998, Table II), so zero is outside."""
    first, second = proportion(56 / 70, 70), proportion(48 / 80, 80)
    assert not indistinguishable(first, second)
    low = 0.2 - ((first.value - first.low) ** 2 + (second.high - second.value) ** 2) ** 0.5
    assert low == pytest.approx(0.0524, abs=5e-5)


@given(st.integers(1, 5000), st.data())
def test_noise_is_symmetric_and_holds_for_equal_shares(images, data):
    first = proportion(data.draw(st.integers(0, images)) / images, images)
    second = proportion(data.draw(st.integers(0, images)) / images, images)
    assert indistinguishable(first, first)
    assert indistinguishable(first, second) == indistinguishable(second, first)
    assert first.low <= first.value + 1e-12
    assert first.value <= first.high + 1e-12


def test_more_images_tell_more_apart():
    assert indistinguishable(proportion(0.7, 450), proportion(0.66, 450))
    assert not indistinguishable(proportion(0.7, 10_000), proportion(0.66, 10_000))
