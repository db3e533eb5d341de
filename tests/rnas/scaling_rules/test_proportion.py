import pytest

from rnas.scaling_rules._proportion import proportion_text, share_text, shares_of


def test_shares_of_the_sum() -> None:
    assert shares_of((2, 2, 1)) == (0.4, 0.4, 0.2)
    assert sum(shares_of((0.3, 7, 1.1, 5))) == pytest.approx(1)


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ((2, 2.5, 1), "2 : 2.5 : 1"),
        ((0.4, 0.4, 0.2), "2 : 2 : 1"),
        ((1, 1), "1 : 1"),
        ((0.2, 0.55, 0.25), "1 : 2.8 : 1.2"),
        ((1, 1.04, 3, 10), "1 : 1 : 3 : 10"),
    ],
)
def test_a_proportion_with_its_smallest_part_as_one(parts: tuple[float, ...], text: str) -> None:
    assert proportion_text(parts) == text


def test_a_share_as_the_papers_print_it() -> None:
    assert [share_text(share) for share in (0, 0.7, 0.456, 0.999, 1)] == [".00", ".70", ".46", "1.00", "1.00"]
