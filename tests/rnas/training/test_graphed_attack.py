from fractions import Fraction

import pytest
import torch
from torch import Tensor, nn

from rnas.attacks.names import LossName
from rnas.attacks.pgd import PGD
from rnas.training._graphed_attack import GraphedAttack
from tests.rnas.training.digits import TRAINING, network

pytestmark = pytest.mark.gpu


def batch(start: int, end: int) -> tuple[Tensor, Tensor, Tensor]:
    part = TRAINING.first(end).to("cuda")
    return part.images(slice(start, end)), part.labels[start:end], part.ids[start:end]


def assert_same(one: Tensor, other: Tensor) -> None:
    # Kernels may round otherwise, and a gradient of almost 0 then has another sign.
    assert (one - other).abs().le(1e-6).double().mean() > 0.999


@pytest.mark.parametrize("loss", ["cross-entropy", "margin", "kl"])
def test_a_graph_does_what_its_attack_does(loss: LossName) -> None:
    model = network().cuda()
    attack = PGD(Fraction(1, 10), 5, Fraction(1, 4), loss)
    graphed = GraphedAttack(attack, model)
    for number in range(3):
        images, labels, ids = batch(50 * number, 50 * number + 50)
        assert_same(graphed(images, labels, ids, number), attack(model, images, labels, ids, number))


def test_results_are_not_overwritten_and_the_model_is_left_as_found() -> None:
    model = network().cuda()
    model.train()
    graphed = GraphedAttack(PGD(Fraction(1, 10), 3), model)
    first = graphed(*batch(0, 50), 0)
    kept = first.clone()
    state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    graphed(*batch(50, 100), 1)
    assert torch.equal(first, kept)
    assert model.training
    assert all(parameter.requires_grad and parameter.grad is None for parameter in model.parameters())
    assert all(torch.equal(tensor, state[name]) for name, tensor in model.state_dict().items())


def test_it_follows_weights_and_statistics_that_change_in_place() -> None:
    model = network().cuda()
    attack = PGD(Fraction(1, 10), 3)
    graphed = GraphedAttack(attack, model)
    images, labels, ids = batch(0, 50)
    before = graphed(images, labels, ids, 0)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0, fused=True)
    nn.functional.cross_entropy(model(images), labels).backward()
    optimizer.step()
    after = graphed(images, labels, ids, 0)
    assert_same(after, attack(model, images, labels, ids, 0))
    assert not torch.allclose(after, before)


def test_a_batch_of_another_shape_goes_without_the_graph() -> None:
    model = network().cuda()
    attack = PGD(Fraction(1, 10), 3)
    graphed = GraphedAttack(attack, model)
    for count in (50, 20, 50):
        images, labels, ids = batch(0, count)
        assert_same(graphed(images, labels, ids, 0), attack(model, images, labels, ids, 0))
