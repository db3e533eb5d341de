import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnas.statistics._mcnemar import mcnemar


def flags(both: int, first: int, second: int, neither: int) -> tuple[list[bool], list[bool]]:
    """Return flags of images on which both, one or the other, or neither network is right."""
    one = [True] * (both + first) + [False] * (second + neither)
    return one, [True] * both + [False] * first + [True] * second + [False] * neither


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        # Sums of binomial tails by hand: of 10 differing images 2 or fewer, twice 56/1024.
        (8, 2, 112 / 1024),
        (10, 0, 2 / 1024),
        (5, 5, 1.0),
        (0, 0, 1.0),
    ],
)
def test_only_differing_images_count(first: int, second: int, expected: float) -> None:
    assert mcnemar(*flags(500, first, second, 300)) == pytest.approx(expected)
    assert mcnemar(*flags(0, first, second, 0)) == pytest.approx(expected)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1))
def test_order_of_networks_changes_nothing(pairs: list[tuple[bool, bool]]) -> None:
    first, second = zip(*pairs, strict=True)
    assert mcnemar(first, second) == mcnemar(second, first)
    assert 0 < mcnemar(first, second) <= 1
    assert mcnemar(first, first) == 1


def test_other_images_are_no_pair() -> None:
    with pytest.raises(ValueError, match="3 images against 2"):
        mcnemar([True] * 3, [True] * 2)
