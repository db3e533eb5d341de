"""What must be stronger is, on a network trained to be robust."""

from fractions import Fraction

import pytest
import torch
from torch.nn.functional import cross_entropy

from rnas.attacks.attack import Attack, Norm
from rnas.attacks.cw import CW
from rnas.attacks.deepfool import DeepFool
from rnas.attacks.fgsm import FGSM
from rnas.attacks.gama import GAMA
from rnas.attacks.losses import margin, misclassified
from rnas.attacks.mi_fgsm import MIFGSM
from rnas.attacks.pgd import PGD
from rnas.attacks.start import Start

RADII: dict[Norm, Fraction] = {"linf": Fraction(1, 10), "l2": Fraction(1, 2), "l1": Fraction(3, 2)}
TENTH = Fraction(1, 10)


def broken(trained, attack: Attack) -> int:
    result = attack(trained.network, trained.images, trained.labels, trained.ids, 0)
    with torch.no_grad():
        return int(misclassified(trained.network(result), trained.labels).sum())


def loss(trained, attack: Attack) -> float:
    result = attack(trained.network, trained.images, trained.labels, trained.ids, 0)
    with torch.no_grad():
        return cross_entropy(trained.network(result), trained.labels).item()


def test_the_network_is_worth_attacking(trained) -> None:
    """Accurate, and neither safe nor lost under attack: so the other tests can fail."""
    assert broken(trained, PGD(Fraction(0), 1)) <= 10
    for norm, epsilon in RADII.items():
        assert 15 <= broken(trained, PGD(epsilon, 20, TENTH, norm=norm)) <= 85


@pytest.mark.parametrize("norm", RADII)
def test_more_steps_are_stronger(trained, norm: Norm) -> None:
    epsilon = RADII[norm]
    start = Start("none") if norm == "l1" else Start()
    few, some, many = (loss(trained, PGD(epsilon, n, TENTH, start=start, norm=norm)) for n in (3, 6, 40))
    assert few < some < many
    assert loss(trained, FGSM(epsilon, norm)) < many


@pytest.mark.parametrize("norm", RADII)
def test_a_larger_ball_is_stronger(trained, norm: Norm) -> None:
    def attacks(epsilon: Fraction) -> list[Attack]:
        every: list[Attack] = [FGSM(epsilon, norm), PGD(epsilon, 10, TENTH, norm=norm)]
        if norm != "l1":
            every += [MIFGSM(epsilon, norm=norm), DeepFool(epsilon, norm=norm)]
        return every + ([CW(epsilon), GAMA(epsilon)] if norm == "linf" else [])

    half, whole, double = (attacks(RADII[norm] * share) for share in (Fraction(1, 2), Fraction(1), Fraction(2)))
    for small, middle, large in zip(half, whole, double, strict=True):
        counts = [broken(trained, attack) for attack in (small, middle, large)]
        assert counts[0] < counts[1] < counts[2], (small, counts)


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_no_attack_in_steps_is_much_weaker_than_another(trained, norm: Norm) -> None:
    """They look for the same images."""
    epsilon = RADII[norm]
    attacks: list[Attack] = [
        PGD(epsilon, 40, TENTH, "cross-entropy", norm=norm),
        PGD(epsilon, 40, TENTH, "margin", norm=norm),
        PGD(epsilon, 40, TENTH, "cw", norm=norm),
        PGD(epsilon, 40, TENTH, "dlr", norm=norm),
        MIFGSM(epsilon, norm=norm),
        DeepFool(epsilon, norm=norm),
    ]
    if norm == "linf":
        attacks += [CW(epsilon), GAMA(epsilon)]
    counts = [broken(trained, attack) for attack in attacks]
    assert max(counts) - min(counts) <= 5, counts
    assert min(counts) >= broken(trained, FGSM(epsilon, norm)) - 1


def test_gama_is_stronger_with_more_steps(trained) -> None:
    def mean_margin(steps: int) -> float:
        result = GAMA(RADII["linf"], steps)(trained.network, trained.images, trained.labels, trained.ids, 0)
        with torch.no_grad():
            return margin(trained.network(result).softmax(1), trained.labels).mean().item()

    assert mean_margin(5) < mean_margin(20) < mean_margin(100)


def test_deepfool_fools_more_with_more_steps(trained) -> None:
    def fooled(steps: int) -> int:
        attack = DeepFool(Fraction(1), steps, norm="l2")
        return int(attack.minimal_norms(trained.network, trained.images, trained.labels).isfinite().sum())

    assert fooled(1) < fooled(2) < fooled(50) == 100
