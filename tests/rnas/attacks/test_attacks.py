"""Every attack in every norm that it has."""

from fractions import Fraction
from typing import ClassVar

import pytest

from rnas.attacks.attack import Attack, Norm
from rnas.attacks.cw import CW
from rnas.attacks.deepfool import DeepFool
from rnas.attacks.fgsm import FGSM
from rnas.attacks.gama import GAMA
from rnas.attacks.mi_fgsm import MIFGSM
from rnas.attacks.names import LossName
from rnas.attacks.pgd import PGD
from rnas.attacks.start import FROM_THE_IMAGE, Start
from rnas.testing.attack import AttackConformance

EPSILON: dict[Norm, Fraction] = {"linf": Fraction(3, 20), "l2": Fraction(3, 5), "l1": Fraction(3)}


class InEveryNorm(AttackConformance):
    norms: ClassVar[tuple[Norm, ...]] = ("linf", "l2", "l1")

    @pytest.fixture(autouse=True)
    def _choose(self, norm: Norm) -> None:
        self.norm = norm
        self.epsilon = EPSILON[norm]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "norm" in metafunc.fixturenames:
        metafunc.parametrize("norm", metafunc.cls.norms)


class TestFGSM(InEveryNorm):
    randomised = False

    def attack(self) -> Attack:
        return FGSM(self.epsilon, self.norm)


class TestFGSMFromARandomStart(InEveryNorm):
    def attack(self) -> Attack:
        return PGD(self.epsilon, 1, Fraction(5, 4), norm=self.norm)


class TestPGD(InEveryNorm):
    def attack(self) -> Attack:
        return PGD(self.epsilon, 5, norm=self.norm)


class TestPGDFromTheImage(InEveryNorm):
    randomised = False

    def attack(self) -> Attack:
        return PGD(self.epsilon, 5, start=FROM_THE_IMAGE, norm=self.norm)


class TestPGDWithRestarts(InEveryNorm):
    def attack(self) -> Attack:
        return PGD(self.epsilon, 2, norm=self.norm, restarts=3)


class PGDOnALoss(InEveryNorm):
    loss: ClassVar[LossName]

    def attack(self) -> Attack:
        return PGD(self.epsilon, 5, loss=self.loss, norm=self.norm)


class TestPGDOnTheMargin(PGDOnALoss):
    loss = "margin"


class TestPGDOnTheMarginCutOff(PGDOnALoss):
    loss = "cw"


class TestPGDOnTheRatio(PGDOnALoss):
    loss = "dlr"


class TestPGDOnTheDivergence(InEveryNorm):
    def attack(self) -> Attack:
        return PGD(self.epsilon, 5, loss="kl", start=Start("gaussian", Fraction(1, 32)), norm=self.norm)


class TestCW(InEveryNorm):
    norms = ("linf",)

    def attack(self) -> Attack:
        return CW(self.epsilon, 10)


class TestMIFGSM(InEveryNorm):
    norms = ("linf", "l2")
    randomised = False

    def attack(self) -> Attack:
        return MIFGSM(self.epsilon, norm=self.norm)


class TestGAMA(InEveryNorm):
    norms = ("linf",)

    def attack(self) -> Attack:
        return GAMA(self.epsilon, 20)


class TestDeepFool(InEveryNorm):
    norms = ("linf", "l2")
    randomised = False

    def attack(self) -> Attack:
        return DeepFool(self.epsilon, norm=self.norm)
