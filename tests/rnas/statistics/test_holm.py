"""P-values adjusted by Holm's procedure."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnas.statistics._holm import holm


def test_holm_on_a_worked_example() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []
    assert holm([0.8, 0.9]) == [1.0, 1.0]


@given(st.lists(st.floats(0, 1), min_size=1))
def test_holm_keeps_order_and_is_between_none_and_bonferroni(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    assert all(p <= new <= min(1, len(p_values) * p) + 1e-12 for p, new in zip(p_values, adjusted, strict=True))
    assert sorted(adjusted) == [new for _, new in sorted(zip(p_values, adjusted, strict=True))]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_never_lowers_a_p_value_and_keeps_the_order(p_values: list[float]) -> None:
    corrected = holm(p_values)
    assert all(q >= p for p, q in zip(p_values, corrected, strict=True))
    assert max(corrected) <= 1
    order = np.argsort(p_values)
    assert (np.diff(np.array(corrected)[order]) >= 0).all()


def test_holm_of_a_known_case() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
