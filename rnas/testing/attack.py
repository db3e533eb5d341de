"""Test attacks for conformance: inherit the class in a test module and name the attack."""

from abc import ABC, abstractmethod
from dataclasses import replace
from fractions import Fraction
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor, nn

from rnas.attacks.attack import Attack
from rnas.attacks.balls import BALLS
from rnas.testing.generators import generators_left_as_found

Batch = tuple[Tensor, Tensor, Tensor]
CLASSES = 10


def small_network() -> nn.Sequential:
    """Return a fixed network with BatchNorm and Dropout for images (n, 1, 8, 8), in float64 and training mode."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Sequential(
            nn.Conv2d(1, 6, 3, padding=1),
            nn.BatchNorm2d(6),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Flatten(),
            nn.Linear(6 * 64, CLASSES),
        ).double()


def random_batch() -> Batch:
    """Return images (24, 1, 8, 8), float64, some pixels exactly 0 or 1, with labels and ids."""
    generator = torch.Generator().manual_seed(1)
    images = (torch.rand(24, 1, 8, 8, generator=generator, dtype=torch.float64) * 1.2 - 0.1).clamp(0, 1)
    images[0], images[1] = 0, 1
    return images, torch.randint(CLASSES, (24,), generator=generator), torch.arange(100, 124)


class AttackConformance(ABC):
    """Test what every attack must do. A subclass overrides :meth:`attack`.

    The network is in float64 where batches are compared, so that the batch size does not change rounding.

    Attributes:
        randomised: whether the seed changes the result.
        number_formats: formats in which the result must be in the ball and in the range of pixels.
    """

    randomised: ClassVar[bool] = True
    number_formats: ClassVar[tuple[torch.dtype, ...]] = (torch.float64, torch.float32)

    @abstractmethod
    def attack(self) -> Attack:
        """Return the attack under test."""

    def attack_without_radius(self) -> Attack:
        """Return the same attack with epsilon 0; override this if the radius is not a field."""
        settings: Any = self.attack()
        nowhere: Attack = replace(settings, epsilon=Fraction(0))
        return nowhere

    def distance(self, change: Tensor) -> Tensor:
        """Return the norm (n,) of changes (n, C, H, W) of images, as a share of the attack's radius."""
        attack = self.attack()
        return BALLS[attack.norm].size(change.double()) / float(attack.epsilon)

    @pytest.fixture
    def network(self) -> nn.Sequential:
        """Return the network of :func:`small_network`."""
        return small_network()

    @pytest.fixture
    def batch(self) -> Batch:
        """Return the batch of :func:`random_batch`."""
        return random_batch()

    def test_result_is_in_the_ball_and_in_the_range_of_pixels(self, network: nn.Module, batch: Batch) -> None:
        images, labels, ids = batch
        for number_format in self.number_formats:
            converted = images.to(number_format)
            result = self.attack()(network.to(number_format), converted, labels, ids, 0)
            assert result.dtype == number_format
            self._require_inside(result, converted)

    def test_memory_format_changes_nothing(self, network: nn.Module, batch: Batch) -> None:
        images, labels, ids = batch
        other = images.contiguous(memory_format=torch.channels_last)
        result = self.attack()(network, other, labels, ids, 0)
        assert torch.allclose(result, self.attack()(network, images, labels, ids, 0), atol=1e-9)

    def test_model_images_and_generators_are_left_as_found(self, network: nn.Sequential, batch: Batch) -> None:
        images, labels, ids = batch
        network[1].eval()
        next(network.parameters()).requires_grad_(False)
        modes = [module.training for module in network.modules()]
        wanted = [parameter.requires_grad for parameter in network.parameters()]
        state = {name: tensor.clone() for name, tensor in network.state_dict().items()}
        before = [tensor.clone() for tensor in batch]
        with generators_left_as_found():
            self.attack()(network, images, labels, ids, 0)
        assert [module.training for module in network.modules()] == modes
        assert [parameter.requires_grad for parameter in network.parameters()] == wanted
        assert all(parameter.grad is None for parameter in network.parameters())
        assert all(torch.equal(tensor, state[name]) for name, tensor in network.state_dict().items())
        assert all(torch.equal(tensor, kept) for tensor, kept in zip(batch, before, strict=True))
        assert torch.is_grad_enabled()

    def test_batch_size_and_order_change_nothing(self, network: nn.Module, batch: Batch) -> None:
        images, labels, ids = batch
        whole = self.attack()(network, images, labels, ids, 0)
        order = torch.randperm(len(ids), generator=torch.Generator().manual_seed(0))
        parts = [self.attack()(network, images[rows], labels[rows], ids[rows], 0) for rows in torch.split(order, 7)]
        assert torch.allclose(torch.cat(parts), whole[order], atol=1e-9)

    def test_the_seed_decides_a_randomised_attack(self, network: nn.Module, batch: Batch) -> None:
        first = self.attack()(network, *batch, 0)
        assert torch.equal(self.attack()(network, *batch, 0), first)
        assert torch.equal(self.attack()(network, *batch, 1), first) != self.randomised

    def test_the_loss_rises(self, network: nn.Module, batch: Batch) -> None:
        images, labels, ids = batch
        network.eval()
        attacked = self.attack()(network, images, labels, ids, 0)
        loss = nn.functional.cross_entropy
        assert loss(network(attacked), labels) > loss(network(images), labels)

    def test_no_radius_is_no_attack(self, network: nn.Module, batch: Batch) -> None:
        images, labels, ids = batch
        assert torch.equal(self.attack_without_radius()(network, images, labels, ids, 0), images)

    def test_logits_that_are_not_finite_give_images_that_are_numbers(self, network: nn.Module, batch: Batch) -> None:
        for value in ("nan", "inf"):
            nn.init.constant_(next(network.parameters()), float(value))
            self._require_inside(self.attack()(network, *batch, 0), batch[0])

    def test_gradients_that_are_not_finite_give_images_that_are_numbers(self, network: nn.Module, batch: Batch) -> None:
        self._require_inside(self.attack()(_BrokenGradient(network), *batch, 0), batch[0])

    def test_a_constant_network_is_no_error(self, network: nn.Sequential, batch: Batch) -> None:
        for parameter in network[-1].parameters():
            nn.init.zeros_(parameter)
        self._require_inside(self.attack()(network, *batch, 0), batch[0])

    @pytest.mark.parametrize("label", [0, CLASSES - 1])
    def test_one_class_and_one_image_are_enough(self, network: nn.Module, batch: Batch, label: int) -> None:
        images, labels, ids = batch
        labels = torch.full_like(labels, label)
        self._require_inside(self.attack()(network, images, labels, ids, 0), images)
        self._require_inside(self.attack()(network, images[:1], labels[:1], ids[:1], 0), images[:1])

    def _require_inside(self, result: Tensor, images: Tensor) -> None:
        assert result.shape == images.shape
        assert not result.requires_grad
        assert result.isfinite().all()
        assert result.min() >= 0
        assert result.max() <= 1
        assert self.distance(result.double() - images.double()).max() <= 1 + 1e-6


class _BrokenGradient(nn.Module):
    """Wrap the network to return NaN as gradient in a quarter of the pixels."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self._network = network

    def forward(self, images: Tensor) -> Tensor:
        corner = images[:, :, :4, :4].flatten(1)
        nothing = (corner - corner.detach()).abs().sqrt().sum(dim=1)
        logits: Tensor = self._network(images)
        return logits + nothing[:, None]
