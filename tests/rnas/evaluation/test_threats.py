from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rnas.errors import InputError
from rnas.evaluation.threats import Threat, parse_threat, robust_to_all, unseen_threats


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("linf:8/255", Threat("linf:8/255", "linf", Fraction(8, 255), "given")),
        ("linf:12/255", Threat("linf:12/255", "linf", Fraction(12, 255), "given")),
        (" L2: 0.5 ", Threat("l2:0.5", "l2", Fraction(1, 2), "given")),
        ("l1:12", Threat("l1:12", "l1", Fraction(12), "given")),
    ],
)
def test_a_threat_is_a_norm_and_an_exact_radius(text: str, expected: Threat) -> None:
    assert parse_threat(text) == expected


@pytest.mark.parametrize("text", ["8/255", "l3:1", "", "l2", "l2:", "l2:x", "l2:-1", "linf:8", "l2:1:2"])
def test_what_is_no_threat_is_one_line(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_threat(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["linf:-1", "l2:-1"])
def test_a_radius_below_0_is_told_with_its_threat_and_the_fix(text: str) -> None:
    with pytest.raises(InputError, match=rf"^threat '{text}': '-1' is below 0; write 0 or more, such as 8/255$"):
        parse_threat(text)


def test_published_radii_are_told_from_ours() -> None:
    l2, l1 = unseen_threats("cifar10", (3, 32, 32), Fraction(8, 255))
    assert (l2.norm, l2.epsilon, l2.source) == ("l2", Fraction(3, 2), "published")
    assert (l1.norm, l1.epsilon, l1.source) == ("l1", Fraction(40), "published")
    assert {threat.source for threat in unseen_threats("cifar10", (3, 32, 32), Fraction(4, 255))} == {"ours"}
    assert {threat.source for threat in unseen_threats("cifar100", (3, 32, 32), Fraction(8, 255))} == {"ours"}


def test_our_rule_gives_the_published_radii_where_there_are_any() -> None:
    l2, l1 = unseen_threats("svhn", (3, 32, 32), Fraction(8, 255))
    assert (l2.epsilon, l1.epsilon) == (Fraction(3, 2), Fraction(40))


@given(st.integers(1, 3), st.integers(8, 300), st.fractions(Fraction(1, 1000), 1))
def test_our_radii_reach_outside_the_ball_that_was_trained_for(channels: int, side: int, epsilon: Fraction) -> None:
    shape = (channels, side, side)
    l2, l1 = unseen_threats("mine", shape, epsilon)
    # A single pixel may change by more than epsilon, and no corner of the ball is inside.
    size = channels * side * side
    assert epsilon < l2.epsilon < float(epsilon) * size**0.5
    assert epsilon < l1.epsilon < epsilon * size


def test_an_image_withstands_a_union_that_withstands_each() -> None:
    flags = [torch.tensor([1, 1, 0, 1]).bool(), torch.tensor([1, 0, 1, 1]).bool()]
    assert robust_to_all(flags).tolist() == [True, False, False, True]
