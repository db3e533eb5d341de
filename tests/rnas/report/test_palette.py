import re

import pytest

from rnas.report._page import asset
from rnas.report._palette import palette, sequence


def test_colours_are_those_of_the_pages() -> None:
    light, dark = palette(False), palette(True)
    assert set(light) == set(dark) >= {"paper", "raised", "ink", "muted", "rule", "accent", "stage-1", "stage-4"}
    assert set(light) == set(re.findall(r"--([\w-]+): light-dark\(", asset("report.css")))
    for name in light:
        assert f"--{name}: light-dark({light[name]}, {dark[name]});" in asset("report.css")


def test_a_sequence_has_a_colour_for_each_and_ends_alike() -> None:
    for dark in (False, True):
        assert [len(set(sequence(count, dark))) for count in (1, 2, 5)] == [1, 2, 5]
        assert sequence(2, dark)[-1] == sequence(5, dark)[-1]
    assert sequence(3, False) != sequence(3, True)


def luminance(colour: str) -> float:
    """Relative luminance of a colour such as #1a2028 (WCAG 2.2)."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    """From 1 to 21."""
    dark, light = sorted((luminance(first), luminance(second)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("dark", [False, True])
def test_text_and_drawings_stand_out_from_what_is_behind_them(dark: bool) -> None:
    colours = palette(dark)
    assert contrast("#000", "#ffffff") == pytest.approx(21)
    for behind in ("paper", "raised"):
        for name in ("ink", "muted", "accent", "warm", "warning"):
            assert contrast(colours[name], colours[behind]) >= 4.5, (name, behind)
        for name in ("faint", "stage-1", "stage-2", "stage-3", "stage-4"):
            assert contrast(colours[name], colours[behind]) >= 3, (name, behind)
