from fractions import Fraction

import torch
from torch import Tensor, nn

from rnas.attacks.pgd import PGD
from rnas.evaluation._observed_network import ObservedNetwork


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 10))


IMAGES = torch.rand(12, 1, 8, 8, generator=torch.Generator().manual_seed(0))
LABELS, IDS = torch.arange(12) % 10, torch.arange(12)


def test_it_counts_images_and_changes_no_number() -> None:
    model = network()
    observed = ObservedNetwork(model)
    attack = PGD(Fraction(1, 10), 7)
    assert torch.equal(attack(observed, IMAGES, LABELS, IDS, 0), attack(model, IMAGES, LABELS, IDS, 0))
    assert (observed.forward_passes, observed.backward_passes, observed.zero_gradients) == (84, 84, 0)
    with torch.no_grad():
        assert torch.equal(observed(IMAGES[:5]), model(IMAGES[:5]))
    assert (observed.forward_passes, observed.backward_passes) == (89, 84)
    observed.reset()
    assert (observed.forward_passes, observed.backward_passes, observed.zero_gradients) == (0, 0, 0)


class Dead(nn.Module):
    """No gradient for the first half of a batch, none that is finite for the next three."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = network()

    def forward(self, images: Tensor) -> Tensor:
        half = len(images) // 2
        bad = images[half : half + 3]
        parts = (images[:half].detach(), bad + (bad - bad.detach()).sqrt(), images[half + 3 :])
        return self.inner(torch.cat(parts))


def test_it_counts_gradients_of_zero_and_those_that_are_not_finite() -> None:
    observed = ObservedNetwork(Dead())
    PGD(Fraction(1, 10), 2)(observed, IMAGES, LABELS, IDS, 0)
    assert observed.zero_gradients == 2 * (6 + 3)


def test_a_network_without_any_gradient_has_one_of_zeros() -> None:
    class Cut(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            return images.detach().flatten(1)[:, :10]

    observed = ObservedNetwork(Cut())
    attacked = PGD(Fraction(1, 10), 3)(observed, IMAGES, LABELS, IDS, 0)
    assert attacked.isfinite().all()
    assert observed.zero_gradients == observed.backward_passes == 36


def test_memory_format_reaches_the_network() -> None:
    images = IMAGES.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)
    seen = []

    class Watching(nn.Module):
        def forward(self, points: Tensor) -> Tensor:
            seen.append(points.is_contiguous(memory_format=torch.channels_last))
            return points.flatten(1)[:, :10]

    PGD(Fraction(1, 10), 2)(ObservedNetwork(Watching()), images, LABELS, IDS, 0)
    assert seen == [True, True]
