"""Which verdict follows from which intervals and p-values."""

import pytest

from rnas.scaling_rules.verdict import Needed, Quantity, Verdict, evaluations_needed, verdict_on
from rnas.statistics.interval import Interval

GAIN = Interval(1.0, 0.5, 1.5)
NO_GAIN = Interval(0.1, -0.2, 0.4)


def quantity(
    value: float, half: float, published: float | None = 0.4, at_edge: float = 0.0, wide: float | None = None
) -> Quantity:
    wide = 1.3 * half if wide is None else wide
    return Quantity(
        "D1",
        Interval(value, value - half, value + half),
        Interval(value, value - wide, value + wide),
        published,
        at_edge,
    )


@pytest.mark.parametrize(
    ("found", "gain", "p_value", "p_value_flops", "expected"),
    [
        (quantity(0.4, 0.03), GAIN, 0.001, 0.001, Verdict.AGREES),
        (quantity(0.43, 0.03), GAIN, 0.001, 0.001, Verdict.AGREES),
        (quantity(0.6, 0.05), GAIN, 0.001, 0.001, Verdict.DIFFERS),
        # The interval is beside the published value, but the one that holds all quantities at once is not.
        (quantity(0.5, 0.06, wide=0.11), GAIN, 0.001, 0.001, Verdict.NOT_IDENTIFIED),
        (quantity(0.4, 0.2), GAIN, 0.001, 0.001, Verdict.NOT_IDENTIFIED),
        (quantity(0.4, 0.03), NO_GAIN, 0.001, 0.001, Verdict.NOT_IDENTIFIED),
        (quantity(0.4, 0.03), GAIN, 0.2, 0.2, Verdict.NOT_IDENTIFIED),
        (quantity(0.4, 0.03), GAIN, 0.2, 0.01, Verdict.CAPACITY),
        (quantity(0.4, 0.03, at_edge=0.6), GAIN, 0.001, 0.001, Verdict.EDGE),
        (quantity(0.4, 0.03, published=None), GAIN, 0.001, 0.001, Verdict.IDENTIFIED),
    ],
)
def test_verdicts(found: Quantity, gain: Interval, p_value: float, p_value_flops: float, expected: Verdict) -> None:
    assert verdict_on([found], gain, p_value, p_value_flops, rounding=0.02) is expected


def test_one_quantity_that_is_not_inside_is_enough_against_agreement() -> None:
    both = [quantity(0.4, 0.03), quantity(0.6, 0.05)]
    assert verdict_on(both, GAIN, 0.001, 0.001, 0.02) is Verdict.DIFFERS


def test_rounding_widens_the_margin() -> None:
    found = [quantity(0.4, 0.06)]
    assert verdict_on(found, GAIN, 0.001, 0.001, 0.0) is Verdict.NOT_IDENTIFIED
    assert verdict_on(found, GAIN, 0.001, 0.001, 0.02) is Verdict.AGREES


def test_four_times_the_evaluations_halve_an_interval() -> None:
    assert evaluations_needed([quantity(0.4, 0.14)], GAIN, 1e-6, 0.02, 100) == Needed(400, at_least=False)


def test_a_weaker_effect_needs_more_and_there_is_always_more_to_do() -> None:
    narrow = [quantity(0.4, 0.01)]
    numbers = [evaluations_needed(narrow, GAIN, p, 0.02, 100).evaluations for p in (1e-6, 0.1, 0.3, 0.9)]
    assert numbers == sorted(numbers)
    assert numbers[0] == 150
    assert numbers[1] < numbers[2]
    assert evaluations_needed(narrow, NO_GAIN, 1e-6, 0.02, 100).evaluations > 300


def test_what_is_too_weak_to_tell_how_weak_gives_a_lower_bound() -> None:
    narrow = [quantity(0.4, 0.01)]
    some, none, nothing = (evaluations_needed(narrow, GAIN, p, 0.02, 100) for p in (0.3, 0.5, 0.9))
    assert not some.at_least
    assert none == nothing == Needed(2500, at_least=True)
    # First the gain alone is too weak, then the wide interval asks for more than all that is too weak.
    assert evaluations_needed(narrow, NO_GAIN, 1e-6, 0.02, 100) == Needed(400, at_least=True)
    assert evaluations_needed([quantity(0.4, 0.5)], NO_GAIN, 0.9, 0.02, 100) == Needed(5200, at_least=False)
