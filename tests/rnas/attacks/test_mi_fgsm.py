from fractions import Fraction

import pytest
import torch
from torch.nn.functional import cross_entropy

from rnas.attacks.attack import Norm
from rnas.attacks.mi_fgsm import MIFGSM
from rnas.attacks.pgd import PGD
from rnas.attacks.start import FROM_THE_IMAGE
from rnas.errors import InputError
from rnas.testing.attack import random_batch, small_network


@pytest.mark.parametrize("norm", ["linf", "l2"])
@pytest.mark.parametrize("decay", [Fraction(1), Fraction(1, 2)])
def test_it_is_the_papers_algorithm_image_by_image(norm: Norm, decay: Fraction) -> None:
    network, (images, labels, ids) = small_network().eval(), random_batch()
    epsilon, steps = 0.2, 6
    results = MIFGSM(Fraction(1, 5), steps, decay, norm)(network, images, labels, ids, 0)
    for image, label, result in zip(images, labels, results, strict=True):
        point, velocity = image.clone(), torch.zeros_like(image)
        for _ in range(steps):
            inputs = point[None].clone().requires_grad_(True)
            cross_entropy(network(inputs), label[None]).backward()
            assert inputs.grad is not None
            gradient = inputs.grad[0]
            velocity = float(decay) * velocity + gradient / gradient.abs().sum()
            way = velocity.sign() if norm == "linf" else velocity / velocity.norm()
            change = point + epsilon / steps * way - image
            if norm == "linf":
                change = change.clamp(-epsilon, epsilon)
            elif change.norm() > epsilon:
                change = change * epsilon / change.norm()
            point = (image + change).clamp(0, 1)
        assert torch.allclose(result, point, atol=1e-9)


def test_without_momentum_it_is_pgd_from_the_image() -> None:
    network, batch = small_network().eval(), random_batch()
    plain = PGD(Fraction(1, 5), 4, Fraction(1, 4), start=FROM_THE_IMAGE)
    without = MIFGSM(Fraction(1, 5), 4, Fraction(0))
    assert torch.allclose(without(network, *batch, 0), plain(network, *batch, 0), atol=1e-12)
    assert not torch.allclose(MIFGSM(Fraction(1, 5), 4)(network, *batch, 0), plain(network, *batch, 0), atol=1e-2)


@pytest.mark.parametrize("settings", [{"steps": 0}, {"decay": Fraction(-1)}, {"norm": "l1"}], ids=lambda one: str(one))
def test_settings_out_of_range_are_refused(settings) -> None:
    with pytest.raises(InputError, match=r"MI-FGSM has .* at least 1 step"):
        MIFGSM(Fraction(1, 5), **settings)
