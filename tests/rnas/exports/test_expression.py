"""Expressions give their values again, in the layout of Ruff, and say which values they cannot give."""

from functools import partial
from typing import Any

import pytest
import torch
from torch import nn

from rnas.errors import InputError
from rnas.exports._expression import expression
from rnas.exports._source import Source
from tests.rnas.exports.own_layers import Scale, Takes, halves
from tests.rnas.exports.own_network import Own


def text_of(value: Any) -> str:
    return expression(value, Source(["tests"], ())).flat


@pytest.mark.parametrize(
    "value", [None, True, -3, 0.1, 'a "b"\n', (), (1,), [1, (2.5, "x")], {"a": (1,), 2: [None]}, nn.ReLU, Scale(2.0)]
)
def test_values_come_back(value: Any) -> None:
    assert eval(text_of(value), {"nn": nn, "Scale": Scale}) == value


def test_arguments_have_names_and_defaults_are_left_out() -> None:
    assert text_of(Scale(0.5, "other")) == 'Scale(factor=0.5, name="other")'
    assert text_of(Scale(1.0, "scale")) == "Scale(factor=1.0)"
    assert text_of(partial(nn.Conv2d, 3, 8, 3, padding=1, groups=1)) == (
        "partial(nn.Conv2d, in_channels=3, out_channels=8, kernel_size=3, padding=1)"
    )
    assert text_of(halves) == "halves"


def test_long_expressions_are_broken_at_their_outermost_brackets() -> None:
    short = expression(tuple(range(30)), Source((), ()))
    assert short.lines("x = ") == [f"x = {short.flat}"]
    inside = expression(tuple("abcdefghijklmnopqrstuvwx"), Source((), ()))
    assert inside.lines("name = ")[0] == "name = ("
    assert len(inside.lines("name = ")) == 26
    together = expression(["a" * 57, "b" * 53], Source((), ()))
    assert together.lines("x = ") == ["x = [", f"    {together.flat[1:-1]}", "]"]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (torch.zeros(1), "is given a Tensor; give it numbers"),
        ((nn.ReLU(),), "is given a ReLU; give it numbers"),
        (Own(), "is given a Own, whose class also holds the cost; give it the fields"),
        (partial(Takes, given={1}), "is given a set"),
    ],
)
def test_what_is_no_plain_value_is_refused(value: Any, message: str) -> None:
    with pytest.raises(InputError, match=rf"its constructor {message}.* or choose format torch-export"):
        text_of(value)
