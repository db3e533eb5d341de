"""Any text and any value can be shown in a message of one short line."""

import re

import pytest

from rnas.errors import error_text
from rnas.utils._text import one_line, shown, visible


class _MuteError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


def bomb(levels: int) -> list[object]:
    value: list[object] = ["x"] * 9
    for _ in range(levels):
        value = [value] * 9
    return value


def test_visible_escapes_what_cannot_be_shown_and_nothing_else() -> None:
    assert visible("a\x00b\x1b[2J\udcff\u202e\r") == r"a\x00b\x1b[2J\udcff\u202e" + r"\x0d"
    assert visible("é日本 [/x] 🙂\n\t±") == "é日本 [/x] 🙂\n\t±"


def test_one_line_is_short() -> None:
    assert one_line("a\n  b") == "a b"
    line = one_line("x" * 10_000_000 + "y")
    assert len(line) <= 2_000
    assert re.fullmatch("x+ ... x+y", line)
    assert len(one_line("\x00" * 1_999)) <= 2_000


@pytest.mark.parametrize(
    "value",
    [bomb(12), "x" * 10**6, 10**4_000, [10**100_000], -(10**9_999), {"a": bomb(3)}, b"x" * 10**6, "\udcff\x00"],
    ids=range(8),
)
def test_shown_is_short_and_printable(value: object) -> None:
    assert len(shown(value)) < 1_500
    shown(value).encode()


def test_shown_is_the_repr_of_small_values() -> None:
    for value in (None, 0.5, "a", [1, 2], {"budget": [3, "x"]}, True):
        assert shown(value) == repr(value)


def test_an_exception_that_cannot_say_anything_is_shown() -> None:
    assert "RuntimeError" in error_text(_MuteError())
    assert error_text(ValueError("a\nb [/x]")) == "a\nb [/x]"
