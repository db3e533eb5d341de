import re

from rnas.report._whisker import whisker


def test_ends_dot_ring_and_bounds_stand_where_they_are_on_the_scale() -> None:
    drawn = whisker(0.25, 0.75, 0.5, (0.0, 1.0), length=112.0, ring=1.0, bounds=(0.9, 0.1))
    assert re.findall(r'x1="([\d.]+)"', drawn) == ["16", "96", "31"]
    assert re.findall(r'x2="([\d.]+)"', drawn) == ["16", "96", "81"]
    assert re.findall(r'cx="([\d.]+)"[^>]*class="(\w+)"', drawn) == [("106", "search"), ("56", "test")]


def test_a_scale_without_length_is_drawn_at_its_left_end() -> None:
    assert 'cx="6"' in whisker(0.5, 0.5, 0.5, (0.5, 0.5))
