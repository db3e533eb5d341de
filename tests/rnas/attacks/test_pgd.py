from dataclasses import replace
from fractions import Fraction

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from rnas.attacks._restarts import restart_seed
from rnas.attacks.attack import Norm
from rnas.attacks.cw import CW
from rnas.attacks.fgsm import FGSM
from rnas.attacks.losses import misclassified
from rnas.attacks.pgd import PGD
from rnas.attacks.start import Start
from rnas.errors import InputError
from rnas.testing.attack import random_batch, small_network
from rnas.utils.counter_noise import uniform

EPSILON = Fraction(3, 20)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_signed_steps_are_bit_for_bit_the_plain_ones(dtype: torch.dtype) -> None:
    """Recorded searches depend on every bit."""
    network, (images, labels, ids) = small_network().eval().to(dtype), random_batch()
    images = images.to(dtype)
    epsilon, step = 0.15, 0.15 / 4
    noise = uniform(5, ids, (1, 8, 8)).to(dtype)
    adversarial = torch.add(images, noise, alpha=epsilon).clamp(0, 1)
    for _ in range(7):
        inputs = adversarial.clone().requires_grad_(True)
        cross_entropy(network(inputs), labels, reduction="sum").backward()
        assert inputs.grad is not None
        adversarial = torch.add(adversarial, inputs.grad.sign(), alpha=step)
        adversarial = adversarial.max((images - epsilon).clamp(0, 1)).min((images + epsilon).clamp(0, 1))
    assert torch.equal(PGD(EPSILON, 7)(network, images, labels, ids, 5), adversarial)


def test_fgsm_is_one_signed_step_from_the_image() -> None:
    network, (images, labels, ids) = small_network().eval(), random_batch()
    inputs = images.clone().requires_grad_(True)
    cross_entropy(network(inputs), labels).backward()
    assert inputs.grad is not None
    expected = (images + 0.15 * inputs.grad.sign()).clamp(0, 1)
    assert torch.allclose(FGSM(EPSILON)(network, images, labels, ids, 0), expected)


def test_fgsm_in_l1_moves_few_pixels(trained) -> None:
    result = FGSM(Fraction(2), "l1")(trained.network, trained.images, trained.labels, trained.ids, 0)
    change = (result - trained.images).flatten(1)
    assert torch.allclose(change.abs().sum(1), torch.full((100,), 2.0))
    # But for the last, each goes to the end of its range.
    assert ((change != 0) & (result.flatten(1) != 0) & (result.flatten(1) != 1)).sum(1).max() == 1


def test_cw_is_pgd_on_the_margin_cut_off(trained) -> None:
    batch = trained.images, trained.labels, trained.ids
    plain = PGD(Fraction(1, 10), 40, Fraction(1, 10), "cw")
    assert torch.equal(CW(Fraction(1, 10))(trained.network, *batch, 3), plain(trained.network, *batch, 3))


@pytest.mark.parametrize("norm", ["linf", "l2", "l1"])
def test_more_restarts_are_never_weaker_on_any_image(trained, norm: Norm) -> None:
    epsilon = {"linf": Fraction(1, 10), "l2": Fraction(1, 2), "l1": Fraction(3, 2)}[norm]
    network, images, labels, ids = trained.network, trained.images, trained.labels, trained.ids

    def strength(restarts: int) -> tuple[Tensor, Tensor, Tensor]:
        attack = PGD(epsilon, 2, Fraction(1, 2), norm=norm, restarts=restarts)
        result = attack(network, images, labels, ids, 0)
        with torch.no_grad():
            logits = network(result)
        return result, misclassified(logits, labels), cross_entropy(logits, labels, reduction="none")

    first, one, seven = strength(1), strength(2), strength(7)
    assert torch.equal(first[0], replace(PGD(epsilon, 2, Fraction(1, 2), norm=norm))(network, images, labels, ids, 0))
    for (weak, weak_broken, weak_loss), (strong, strong_broken, strong_loss) in ((first, one), (one, seven)):
        assert not (weak_broken & ~strong_broken).any()
        standing = ~strong_broken
        assert (strong_loss[standing] >= weak_loss[standing] - 1e-5).all()
        assert (strong_loss[standing] > weak_loss[standing] + 1e-5).any()
        # An image that is misclassified already stays as it is.
        assert torch.equal(strong[weak_broken], weak[weak_broken])


def test_a_restart_is_the_attack_from_a_seed_of_its_own(trained) -> None:
    network, images, labels, ids = trained.network, trained.images, trained.labels, trained.ids
    once = PGD(Fraction(1, 10), 2)
    twice = replace(once, restarts=2)(network, images, labels, ids, 11)
    attempts = [once(network, images, labels, ids, restart_seed(11, restart)) for restart in range(2)]
    distances = torch.stack([(twice - attempt).abs().flatten(1).amax(1) for attempt in attempts])
    assert distances.min(0).values.max() < 1e-6
    # Each is the stronger on some images.
    assert (distances < 1e-6).any(1).all()


def test_restart_seeds_are_far_apart() -> None:
    assert restart_seed(5, 0) == 5
    # Nowhere near those of other attacks, batches and evaluations.
    seeds = {restart_seed(seed, restart) % 2**64 for seed in range(100) for restart in range(100)}
    assert len(seeds) == 100 * 100
    ids = torch.arange(50)
    noise = [uniform(restart_seed(0, restart), ids, (1, 2, 2)) for restart in range(4)]
    assert len({tuple(row.flatten().tolist()) for drawn in noise for row in drawn}) == 200


def test_restarts_in_training_are_refused() -> None:
    with pytest.raises(InputError, match="restarts need mode eval and projection"):
        PGD(EPSILON, 2, mode="train", restarts=2)
    with pytest.raises(InputError, match="restarts need mode eval and projection"):
        PGD(EPSILON, 2, projection=False, restarts=2)


@pytest.mark.parametrize(("steps", "restarts"), [(0, 1), (1, 0)])
def test_no_steps_or_no_runs_are_refused(steps: int, restarts: int) -> None:
    with pytest.raises(InputError, match="at least 1 of both"):
        PGD(EPSILON, steps, restarts=restarts)


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_without_projection_it_ends_within_start_and_steps_together(trained, norm: Norm) -> None:
    attack = PGD(Fraction(1, 50), 3, Fraction(1), start=Start("none"), projection=False, norm=norm)
    # In grey images nothing is cut off.
    images = torch.full_like(trained.images, 0.5)
    change = attack(trained.network, images, trained.labels, trained.ids, 0) - images
    size = change.abs().flatten(1).amax(1) if norm == "linf" else change.flatten(1).norm(dim=1)
    assert size.max() <= 3 / 50 + 1e-6
    assert size.min() > 1.5 / 50


def test_steps_from_given_points_draw_nothing(trained) -> None:
    """What training calls, and captures as a graph."""
    attack = PGD(Fraction(1, 10), 3, norm="l2")
    start = attack.start.of(trained.images, 0.1, trained.ids, 4, "l2")
    network = trained.network.requires_grad_(True)
    result = attack.ascend(network, trained.images, trained.labels, start)
    assert torch.equal(result, attack(network, trained.images, trained.labels, trained.ids, 4))
    assert not result.requires_grad


class _Steep(nn.Module):
    """Two logits, whose gradient is infinite at a black first pixel."""

    def forward(self, images: Tensor) -> Tensor:
        flat = images.flatten(1)
        return torch.stack([flat[:, 0].sqrt() + flat[:, 1], -flat[:, 1]], dim=1)


@pytest.mark.parametrize("norm", ["linf", "l2", "l1"])
def test_a_pixel_of_infinite_gradient_stays(norm: Norm) -> None:
    images = torch.tensor([0.0, 0.5, 0.5, 0.5]).reshape(1, 1, 2, 2)
    attack = PGD(Fraction(1, 10), 2, start=Start("none"), norm=norm)
    result = attack(_Steep(), images, torch.tensor([1]), torch.tensor([0]), 0).flatten()
    assert result[0] == 0
    assert result[1] > 0.52


class _TwoClasses(nn.Module):
    def forward(self, images: Tensor) -> Tensor:
        return images.flatten(1)[:, :2]


def test_the_ratio_needs_three_classes() -> None:
    images, labels, ids = random_batch()
    with pytest.raises(InputError, match="at least 3 classes, but there are 2"):
        PGD(EPSILON, 2, loss="dlr")(_TwoClasses(), images, labels % 2, ids, 0)
