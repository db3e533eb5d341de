from fractions import Fraction

import pytest
import torch
from torch import Tensor, nn

from rnas.attacks.attack import Norm
from rnas.attacks.balls import BALLS
from rnas.attacks.deepfool import DeepFool
from rnas.attacks.losses import misclassified
from rnas.attacks.pgd import PGD
from rnas.errors import InputError


def linear(classes: int) -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = nn.Sequential(nn.Flatten(), nn.Linear(16, classes)).double()
    # All boundaries meet in the middle of the range.
    nn.init.zeros_(network[1].bias)
    network[1].bias.data -= network(torch.full((1, 1, 4, 4), 0.5, dtype=torch.float64))[0].detach()
    return network


def grey(n: int) -> Tensor:
    """Far from the ends of the range, so that these do not matter."""
    generator = torch.Generator().manual_seed(0)
    return 0.5 + 0.05 * torch.randn(n, 1, 4, 4, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("norm", ["linf", "l2"])
@pytest.mark.parametrize("classes", [2, 3, 7])
def test_of_a_linear_network_it_is_the_distance_to_the_nearest_boundary(norm: Norm, classes: int) -> None:
    network, images = linear(classes), grey(20)
    logits = network(images).detach()
    labels = logits.argmax(1)
    weight = network[1].weight.detach()
    way = weight[None] - weight[labels][:, None]
    steepness = way.abs().sum(2) if norm == "linf" else way.norm(dim=2)
    gap = logits.gather(1, labels[:, None]) - logits
    expected = (gap / steepness).nan_to_num(nan=torch.inf).min(1).values * 1.02
    found = DeepFool(Fraction(1), norm=norm).minimal_norms(network, images, labels)
    assert torch.allclose(found, expected, rtol=1e-3, atol=2e-6)


def test_few_classes_looked_at_give_no_smaller_perturbation() -> None:
    network, images = linear(9), grey(60)
    labels = network(images).argmax(1)
    all_of_them = DeepFool(Fraction(1), classes=9).minimal_norms(network, images, labels)
    only_two = DeepFool(Fraction(1), classes=2).minimal_norms(network, images, labels)
    assert (only_two >= all_of_them - 1e-9).all()
    assert (only_two > all_of_them + 1e-3).any()


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_what_is_within_the_ball_is_misclassified_and_the_rest_is_at_its_edge(trained, norm: Norm) -> None:
    epsilon = Fraction(1, 10) if norm == "linf" else Fraction(1, 2)
    attack = DeepFool(epsilon, norm=norm)
    norms = attack.minimal_norms(trained.network, trained.images, trained.labels)
    result = attack(trained.network, trained.images, trained.labels, trained.ids, 0)
    within = norms <= float(epsilon)
    assert 15 <= within.sum() <= 85
    with torch.no_grad():
        wrong = misclassified(trained.network(result), trained.labels)
    assert wrong[within].all()
    sizes = BALLS[norm].size(result.double() - trained.images.double())
    assert torch.allclose(sizes[within], norms[within], atol=1e-6)
    assert torch.allclose(sizes[~within], torch.full_like(sizes[~within], float(epsilon)), atol=1e-6)


def test_strong_attacks_in_a_smaller_ball_find_next_to_nothing_more(trained) -> None:
    """The norms are about minimal: PGD at four fifths of each breaks few of the images."""
    norms = DeepFool(Fraction(1), norm="l2").minimal_norms(trained.network, trained.images, trained.labels)
    found = 0
    for number in range(0, 100, 4):
        rows = slice(number, number + 1)
        radius = Fraction(norms[number].item() * 0.8)
        if radius == 0:
            continue
        attack = PGD(radius, 20, Fraction(1, 4), "margin", norm="l2")
        result = attack(trained.network, trained.images[rows], trained.labels[rows], trained.ids[rows], 0)
        with torch.no_grad():
            found += int(misclassified(trained.network(result), trained.labels[rows]).sum())
    assert found <= 3


def test_an_image_that_is_misclassified_as_it_is_stays() -> None:
    network, images = linear(3), grey(5)
    labels = (network(images).argmax(1) + 1) % 3
    attack = DeepFool(Fraction(1, 10))
    assert (attack.minimal_norms(network, images, labels) == 0).all()
    assert torch.equal(attack(network, images, labels, torch.arange(5), 0), images)


def test_an_image_that_no_step_fools_is_infinitely_far() -> None:
    network, images = linear(3), grey(5)
    nn.init.zeros_(network[1].weight)
    nn.init.zeros_(network[1].bias)
    attack = DeepFool(Fraction(1, 10))
    assert attack.minimal_norms(network, images, torch.zeros(5, dtype=torch.long)).isinf().all()


@pytest.mark.parametrize(
    "settings", [{"steps": 0}, {"overshoot": Fraction(-1)}, {"classes": 1}, {"norm": "l1"}], ids=lambda one: str(one)
)
def test_settings_out_of_range_are_refused(settings) -> None:
    with pytest.raises(InputError, match=r"DeepFool has .* at least 1 step"):
        DeepFool(Fraction(1, 10), **settings)
