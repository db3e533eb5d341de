import pytest

from rnas.experiments.replications.contrasts import difference, mean, minus, slope
from rnas.experiments.replications.design import DesignCell, Size, require_distinct

SIZE = Size("small", (1, 8, 8), 10)


def cells() -> list[DesignCell]:
    """Two by two, in the order (a, 1), (a, 2), (b, 1), (b, 2)."""
    return [
        SIZE.cell(SIZE.network((depth,) * 3, (1,) * 3), {"kind": kind, "depth": float(depth)})
        for kind in ("a", "b")
        for depth in (1, 2)
    ]


def test_a_difference_pairs_cells_that_are_alike_in_all_else() -> None:
    found = difference(cells(), {"kind": "a"}, {"kind": "b"})
    assert found.terms == (((0, 1.0), (2, -1.0)), ((1, 1.0), (3, -1.0)))
    only = difference(cells(), {"depth": 2.0}, {"depth": 1.0}, {"kind": ("b", "c")})
    assert only.terms == (((3, 1.0), (2, -1.0)),)
    with pytest.raises(ValueError, match="no pairs"):
        difference(cells(), {"kind": "c"}, {"kind": "b"})


def test_an_interaction_is_a_difference_of_differences() -> None:
    first, second = (difference(cells(), {"depth": 2.0}, {"depth": 1.0}, {"kind": kind}) for kind in "ab")
    assert minus(first, second).terms == (((1, 1.0), (0, -1.0), (3, -1.0), (2, 1.0)),)


def test_slopes_and_means() -> None:
    assert slope(cells(), "depth", by=["kind"]).terms == (((0, -1.0), (1, 1.0)), ((2, -1.0), (3, 1.0)))
    assert mean(cells(), {"kind": "b"}).terms == (((2, 1.0),), ((3, 1.0),))
    with pytest.raises(ValueError, match="one level of depth"):
        slope(cells(), "depth", {"depth": 1.0})


def test_a_design_has_no_setting_twice() -> None:
    with pytest.raises(ValueError, match="1 setting twice"):
        require_distinct([*cells(), cells()[0]])
