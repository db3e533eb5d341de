"""What an attack gave is held to its contract."""

from fractions import Fraction

import pytest
import torch

from rnas.attacks._check_perturbation import check_perturbation
from rnas.attacks.attack import Norm
from rnas.attacks.fgsm import FGSM
from rnas.attacks.pgd import PGD
from rnas.errors import InputError

EPSILON = Fraction(1, 10)
IMAGES = torch.full((2, 1, 4, 4), 0.5)


def test_what_is_in_the_ball_passes() -> None:
    for adversarial in (IMAGES, IMAGES + 0.1, IMAGES - 0.1):
        assert check_perturbation(FGSM(EPSILON), IMAGES, adversarial) is adversarial
    assert check_perturbation(FGSM(EPSILON), IMAGES[:0], IMAGES[:0]).shape == (0, 1, 4, 4)


@pytest.mark.parametrize(("norm", "step"), [("linf", 0.1), ("l2", 0.025), ("l1", 0.1 / 16)])
def test_the_ball_is_that_of_the_norm(norm: Norm, step: float) -> None:
    attack = PGD(EPSILON, 3, norm=norm)
    check_perturbation(attack, IMAGES, IMAGES + 0.999 * step)
    with pytest.raises(
        InputError, match=f"attack PGD of rnas.attacks.pgd changed an image by .* 0.1 in {norm}: this is a bug"
    ):
        check_perturbation(attack, IMAGES, IMAGES + 1.01 * step)


def test_other_shapes_and_pixels_are_refused() -> None:
    with pytest.raises(InputError, match=r"shape \(1, 1, 4, 4\) for images of shape \(2, 1, 4, 4\)"):
        check_perturbation(FGSM(EPSILON), IMAGES, IMAGES[:1])
    odd = IMAGES.clone()
    odd[1, 0, 0, 0] = torch.nan
    with pytest.raises(InputError, match="pixels from nan to nan"):
        check_perturbation(FGSM(EPSILON), IMAGES, odd)
    bright = torch.ones_like(IMAGES)
    with pytest.raises(InputError, match=r"pixels from 1.05 to 1.05, outside \[0, 1\]"):
        check_perturbation(FGSM(EPSILON), bright, bright + 0.05)
