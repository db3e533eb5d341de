import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rnas.evaluation._image_flags import pack, unpack


@given(st.lists(st.booleans(), min_size=1, max_size=70))
def test_they_come_back(flags: list[bool]) -> None:
    assert unpack(pack(torch.tensor(flags)), len(flags)).tolist() == flags


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=70))
def test_the_union_of_attacks_is_the_bitwise_and(flags: list[tuple[bool, bool]]) -> None:
    one, other = torch.tensor(flags).unbind(1)
    together = int(pack(one), 16) & int(pack(other), 16)
    assert together == int(pack(one & other), 16)


def test_the_first_is_the_highest_bit() -> None:
    assert pack(torch.tensor([1, 0, 0, 0, 0, 0, 0, 0, 1])) == "8080"


@pytest.mark.parametrize("text", ["80", "808080", "8x"])
def test_the_flags_of_other_images_are_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        unpack(text, 9)
