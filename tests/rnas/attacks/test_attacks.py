"""What holds for every attack of ours."""

from fractions import Fraction

import pytest
import torch
from torch import Tensor, nn

from rnas.attacks.attack import Attack
from rnas.attacks.fgsm import FGSM
from rnas.attacks.losses import cross_entropy, margin
from rnas.attacks.pgd import PGD

EPSILON = Fraction(3, 20)
ATTACKS = [
    FGSM(EPSILON),
    FGSM(EPSILON, Fraction(5, 4), random_start=True),
    PGD(EPSILON, 5),
    PGD(EPSILON, 5, loss="margin"),
]
Batch = tuple[Tensor, Tensor, Tensor]


@pytest.fixture(params=ATTACKS, ids=repr)
def attack(request: pytest.FixtureRequest) -> Attack:
    return request.param


def test_result_is_in_the_ball_and_in_the_pixels_range(attack: Attack, network: nn.Module, batch: Batch) -> None:
    images, labels, ids = batch
    result = attack(network, images, labels, ids, 0)
    assert result.shape == images.shape
    assert (result - images).abs().max() <= float(EPSILON) + 1e-12
    assert result.min() >= 0
    assert result.max() <= 1
    assert not result.requires_grad
    assert (result - images).abs().max() > 0.1


def test_everything_is_left_as_found(attack: Attack, network: nn.Module, batch: Batch) -> None:
    images, labels, ids = batch
    network.train()
    network[1].eval()
    network[0].weight.requires_grad_(False)
    modes = [module.training for module in network.modules()]
    wanted = [parameter.requires_grad for parameter in network.parameters()]
    state = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    rng = torch.get_rng_state()
    before = images.clone()
    attack(network, images, labels, ids, 0)
    assert [module.training for module in network.modules()] == modes
    assert [parameter.requires_grad for parameter in network.parameters()] == wanted
    assert all(parameter.grad is None for parameter in network.parameters())
    assert all(torch.equal(tensor, state[name]) for name, tensor in network.state_dict().items())
    assert torch.equal(torch.get_rng_state(), rng)
    assert torch.equal(images, before)


def test_batch_size_and_order_change_nothing(attack: Attack, network: nn.Module, batch: Batch) -> None:
    images, labels, ids = batch
    whole = attack(network, images, labels, ids, 0)
    order = torch.randperm(len(ids), generator=torch.Generator().manual_seed(0))
    parts = torch.cat([attack(network, images[r], labels[r], ids[r], 0) for r in order.split(7)])
    assert torch.allclose(parts, whole[order], atol=1e-12)


def test_the_loss_rises(attack: Attack, network: nn.Module, batch: Batch) -> None:
    images, labels, ids = batch
    network.eval()
    attacked = attack(network, images, labels, ids, 0)
    assert cross_entropy(network(attacked), labels).mean() > cross_entropy(network(images), labels).mean() + 0.05


def test_a_network_of_nans_gives_images_that_are_numbers(attack: Attack, network: nn.Module, batch: Batch) -> None:
    images, labels, ids = batch
    nn.init.constant_(network[0].weight, float("nan"))
    assert attack(network, images, labels, ids, 0).isfinite().all()


def test_more_steps_and_a_larger_ball_are_stronger(network: nn.Module, batch: Batch) -> None:
    images, labels, ids = batch
    network.eval()

    def strength(attack: Attack) -> float:
        return cross_entropy(network(attack(network, images, labels, ids, 0)), labels).mean().item()

    assert strength(PGD(EPSILON, 1)) < strength(PGD(EPSILON, 3)) < strength(PGD(EPSILON, 20))
    assert strength(PGD(EPSILON / 2, 10)) < strength(PGD(EPSILON, 10)) < strength(PGD(2 * EPSILON, 10))


def test_no_radius_is_no_attack(network: nn.Module, batch: Batch) -> None:
    images, labels, ids = batch
    assert torch.equal(PGD(Fraction(0), 3)(network, images, labels, ids, 0), images)


def test_fgsm_is_one_signed_step(network: nn.Module, batch: Batch) -> None:
    images, labels, ids = batch
    network.eval()
    inputs = images.clone().requires_grad_(True)
    torch.nn.functional.cross_entropy(network(inputs), labels).backward()
    expected = (images + 0.15 * inputs.grad.sign()).clamp(0, 1)
    assert torch.allclose(FGSM(EPSILON)(network, images, labels, ids, 0), expected)


def test_margin_is_positive_exactly_where_misclassified(network: nn.Module, batch: Batch) -> None:
    images, labels, _ = batch
    logits = network.eval()(images)
    assert torch.equal(margin(logits, labels) > 0, logits.argmax(1) != labels)
