from fractions import Fraction

import pytest
import torch
from torch import Tensor, nn

from rnas.attacks.attack import Attack
from rnas.attacks.fgsm import FGSM
from rnas.attacks.losses import cross_entropy, margin
from rnas.attacks.pgd import PGD
from rnas.testing.attack import AttackConformance, Batch

EPSILON = Fraction(3, 20)


class LInfinity(AttackConformance):
    def distance(self, change: Tensor) -> Tensor:
        return change.abs().flatten(1).amax(1) / float(EPSILON)


class TestFGSM(LInfinity):
    def attack(self) -> Attack:
        return FGSM(EPSILON)

    def test_it_is_one_signed_step(self, network: nn.Module, batch: Batch) -> None:
        images, labels, ids = batch
        network.eval()
        inputs = images.clone().requires_grad_(True)
        torch.nn.functional.cross_entropy(network(inputs), labels).backward()
        expected = (images + 0.15 * inputs.grad.sign()).clamp(0, 1)
        assert torch.allclose(self.attack()(network, images, labels, ids, 0), expected)


class TestFGSMFromARandomStart(LInfinity):
    def attack(self) -> Attack:
        return FGSM(EPSILON, Fraction(5, 4), random_start=True)


class TestPGD(LInfinity):
    def attack(self) -> Attack:
        return PGD(EPSILON, 5)

    def test_more_steps_and_a_larger_ball_are_stronger(self, network: nn.Module, batch: Batch) -> None:
        images, labels, ids = batch
        network.eval()

        def strength(attack: Attack) -> float:
            return cross_entropy(network(attack(network, images, labels, ids, 0)), labels).mean().item()

        assert strength(PGD(EPSILON, 1)) < strength(PGD(EPSILON, 3)) < strength(PGD(EPSILON, 20))
        assert strength(PGD(EPSILON / 2, 10)) < strength(PGD(EPSILON, 10)) < strength(PGD(2 * EPSILON, 10))

    def test_no_radius_is_no_attack(self, network: nn.Module, batch: Batch) -> None:
        images, labels, ids = batch
        assert torch.equal(PGD(Fraction(0), 3)(network, images, labels, ids, 0), images)


class TestPGDOnTheMargin(LInfinity):
    def attack(self) -> Attack:
        return PGD(EPSILON, 5, loss="margin")


def test_margin_is_positive_exactly_where_misclassified() -> None:
    generator = torch.Generator().manual_seed(0)
    logits, labels = torch.randn(50, 10, generator=generator), torch.randint(10, (50,), generator=generator)
    assert torch.equal(margin(logits, labels) > 0, logits.argmax(1) != labels)


@pytest.mark.parametrize("loss", [cross_entropy, margin])
def test_losses_are_per_image(loss) -> None:
    generator = torch.Generator().manual_seed(0)
    logits, labels = torch.randn(6, 4, generator=generator), torch.randint(4, (6,), generator=generator)
    alone = torch.cat([loss(logits[n : n + 1], labels[n : n + 1]) for n in range(6)])
    assert torch.allclose(loss(logits, labels), alone)
