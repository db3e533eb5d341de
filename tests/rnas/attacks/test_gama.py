from fractions import Fraction

import pytest
import torch

from rnas.attacks.gama import GAMA
from rnas.errors import InputError
from rnas.testing.attack import random_batch, small_network
from rnas.utils.counter_noise import uniform


def test_it_is_the_papers_algorithm() -> None:
    """A transcription with the numbers of the paper's GAMA-PGD-100."""
    network, (images, labels, ids) = small_network().eval(), random_batch()
    epsilon, rows = 0.1, torch.arange(24)
    clean = network(images).softmax(1).detach()
    change = epsilon * torch.where(uniform(3, ids, (1, 8, 8)) < 0, -1.0, 1.0).double()
    change = (images + change).clamp(0, 1) - images
    step, weight = 2 * epsilon, 50.0
    for number in range(100):
        if number in (60, 85):
            step /= 10
        points = (images + change).requires_grad_(True)
        probabilities = network(points).softmax(1)
        others = probabilities.clone()
        others[rows, labels] = -1
        value = others.max(1).values - probabilities[rows, labels]
        value = value + max(weight, 0) * ((probabilities - clean) ** 2).sum(1)
        weight -= 50 / 25
        (gradient,) = torch.autograd.grad(value.mean(), points)
        change = (points.detach() + step * gradient.sign()).clamp(0, 1) - images
        change = change.clamp(-epsilon, epsilon)
    result = GAMA(Fraction(1, 10))(network, images, labels, ids, 3)
    assert torch.allclose(result, images + change, atol=1e-9)


def test_it_starts_at_a_corner_of_the_ball() -> None:
    network, (images, labels, ids) = small_network().eval(), random_batch()
    points: list[torch.Tensor] = []
    network.register_forward_pre_hook(lambda module, inputs: points.append(inputs[0].detach()))
    GAMA(Fraction(1, 10), 1)(network, images, labels, ids, 0)
    expected = {"up": (images + 0.1).clamp(0, 1), "down": (images - 0.1).clamp(0, 1)}
    up, down = points[1] == expected["up"], points[1] == expected["down"]
    assert (up | down).all()
    assert 0.4 < up.double().mean() < 0.6


@pytest.mark.parametrize("settings", [{"steps": 0}, {"weight": -1}], ids=lambda one: str(one))
def test_settings_out_of_range_are_refused(settings) -> None:
    with pytest.raises(InputError, match=r"GAMA has .* at least 1 step"):
        GAMA(Fraction(1, 10), **settings)
