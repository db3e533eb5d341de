"""The conformance test catches attacks that break the contract."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import pytest
import torch
from torch import Tensor, nn

from rnas.attacks.attack import Attack, Norm
from rnas.attacks.pgd import PGD
from rnas.testing.attack import AttackConformance, random_batch, small_network
from rnas.utils.counter_noise import uniform


@dataclass(frozen=True)
class Planted:
    """PGD with a fault."""

    fault: Callable[[nn.Module, Tensor, Tensor, Tensor, int, float], Tensor]
    epsilon: Fraction = Fraction(3, 20)
    norm: Norm = "linf"

    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor, ids: Tensor, seed: int) -> Tensor:
        return self.fault(model, images, labels, ids, seed, float(self.epsilon))


def pgd(model: nn.Module, images: Tensor, labels: Tensor, ids: Tensor, seed: int, epsilon: float) -> Tensor:
    return PGD(Fraction(epsilon), 3)(model, images, labels, ids, seed)


def leaves_the_ball(model, images, labels, ids, seed, epsilon):
    return pgd(model, images, labels, ids, seed, epsilon * 1.001)


def leaves_the_range(model, images, labels, ids, seed, epsilon):
    return images + epsilon * uniform(seed, ids, tuple(images.shape[1:]))


def changes_the_number_format(model, images, labels, ids, seed, epsilon):
    return pgd(model, images, labels, ids, seed, epsilon).double()


def follows_the_order(model, images, labels, ids, seed, epsilon):
    return pgd(model, images, labels, torch.arange(len(ids)), seed, epsilon)


def follows_the_batch(model, images, labels, ids, seed, epsilon):
    return PGD(Fraction(epsilon), 3, mode="train")(model, images, labels, ids, seed)


def draws_from_the_global_generator(model, images, labels, ids, seed, epsilon):
    torch.rand(1)
    return pgd(model, images, labels, ids, seed, epsilon)


def draws_from_pythons_generator(model, images, labels, ids, seed, epsilon):
    random.random()
    return pgd(model, images, labels, ids, seed, epsilon)


def leaves_the_model_in_eval_mode(model, images, labels, ids, seed, epsilon):
    return pgd(model.eval(), images, labels, ids, seed, epsilon)


def updates_statistics(model, images, labels, ids, seed, epsilon):
    return PGD(Fraction(epsilon), 3, mode="train-updating")(model, images, labels, ids, seed)


def freezes_parameters(model, images, labels, ids, seed, epsilon):
    model.requires_grad_(False)
    return pgd(model, images, labels, ids, seed, epsilon)


def writes_into_the_images(model, images, labels, ids, seed, epsilon):
    return images.copy_(pgd(model, images, labels, ids, seed, epsilon))


def ignores_the_seed(model, images, labels, ids, seed, epsilon):
    return pgd(model, images, labels, ids, 0, epsilon)


def goes_down(model, images, labels, ids, seed, epsilon):
    return 2 * images.clamp(epsilon, 1 - epsilon) - pgd(model, images, labels, ids, seed, epsilon)


def passes_on_what_is_not_finite(model, images, labels, ids, seed, epsilon):
    model.eval()
    points = images.clone().requires_grad_(True)
    (gradient,) = torch.autograd.grad(nn.functional.cross_entropy(model(points), labels), points)
    model.train()
    return (images + epsilon * gradient / gradient.abs().amax()).clamp(0, 1)


def ignores_the_radius(model, images, labels, ids, seed, epsilon):
    return pgd(model, images, labels, ids, seed, 0.15)


FAULTS = {
    leaves_the_ball: "test_result_is_in_the_ball_and_in_the_range_of_pixels",
    leaves_the_range: "test_result_is_in_the_ball_and_in_the_range_of_pixels",
    changes_the_number_format: "test_result_is_in_the_ball_and_in_the_range_of_pixels",
    follows_the_order: "test_batch_size_and_order_change_nothing",
    follows_the_batch: "test_batch_size_and_order_change_nothing",
    draws_from_the_global_generator: "test_model_images_and_generators_are_left_as_found",
    draws_from_pythons_generator: "test_model_images_and_generators_are_left_as_found",
    leaves_the_model_in_eval_mode: "test_model_images_and_generators_are_left_as_found",
    updates_statistics: "test_model_images_and_generators_are_left_as_found",
    freezes_parameters: "test_model_images_and_generators_are_left_as_found",
    writes_into_the_images: "test_model_images_and_generators_are_left_as_found",
    ignores_the_seed: "test_the_seed_decides_a_randomised_attack",
    goes_down: "test_the_loss_rises",
    passes_on_what_is_not_finite: "test_gradients_that_are_not_finite_give_images_that_are_numbers",
    ignores_the_radius: "test_no_radius_is_no_attack",
}


def conformance(attack: Attack) -> AttackConformance:
    class OfTheAttack(AttackConformance):
        def attack(self) -> Attack:
            return attack

    return OfTheAttack()


def check(attack: Attack, test: str) -> None:
    getattr(conformance(attack), test)(small_network(), random_batch())


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_planted_fault_is_caught(fault) -> None:
    check(Planted(pgd), FAULTS[fault])
    with pytest.raises(AssertionError):
        check(Planted(fault), FAULTS[fault])
