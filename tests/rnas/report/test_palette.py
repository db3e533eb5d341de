import re

from rnas.report.page import asset
from rnas.report.palette import palette, sequence


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
