"""What holds for every attack."""

from abc import ABC, abstractmethod

import pytest
import torch
from torch import Tensor, nn

from rnas.attacks.attack import Attack

Batch = tuple[Tensor, Tensor, Tensor]


class AttackConformance(ABC):
    """Inherit, say which attack and how far it may go, and pytest finds the tests.

    The network is in float64, so that another batch size does not change roundings.
    """

    @abstractmethod
    def attack(self) -> Attack:
        """The attack under test."""

    @abstractmethod
    def distance(self, change: Tensor) -> Tensor:
        """Norm (n,), as a share of the attack's radius, of what it added to images (n, C, H, W)."""

    @pytest.fixture
    def network(self) -> nn.Sequential:
        """A small network with BatchNorm and Dropout, in training mode."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return nn.Sequential(
                nn.Conv2d(1, 6, 3, padding=1),
                nn.BatchNorm2d(6),
                nn.ReLU(),
                nn.Dropout(0.5),
                nn.Flatten(),
                nn.Linear(6 * 64, 10),
            ).double()

    @pytest.fixture
    def batch(self) -> Batch:
        """Images (24, 1, 8, 8), labels and ids."""
        generator = torch.Generator().manual_seed(1)
        images = torch.rand(24, 1, 8, 8, generator=generator, dtype=torch.float64)
        return images, torch.randint(10, (24,), generator=generator), torch.arange(100, 124)

    def test_result_is_in_the_ball_and_in_the_range_of_pixels(self, network: nn.Module, batch: Batch) -> None:
        images, labels, ids = batch
        result = self.attack()(network, images, labels, ids, 0)
        assert result.shape == images.shape
        assert self.distance(result - images).max() <= 1 + 1e-6
        assert result.min() >= 0
        assert result.max() <= 1
        assert not result.requires_grad

    def test_model_images_and_generator_are_left_as_found(self, network: nn.Sequential, batch: Batch) -> None:
        images, labels, ids = batch
        network[1].eval()
        next(network.parameters()).requires_grad_(False)
        modes = [module.training for module in network.modules()]
        wanted = [parameter.requires_grad for parameter in network.parameters()]
        state = {name: tensor.clone() for name, tensor in network.state_dict().items()}
        generator, before = torch.get_rng_state(), images.clone()
        self.attack()(network, images, labels, ids, 0)
        assert [module.training for module in network.modules()] == modes
        assert [parameter.requires_grad for parameter in network.parameters()] == wanted
        assert all(parameter.grad is None for parameter in network.parameters())
        assert all(torch.equal(tensor, state[name]) for name, tensor in network.state_dict().items())
        assert torch.equal(torch.get_rng_state(), generator)
        assert torch.equal(images, before)

    def test_batch_size_and_order_change_nothing(self, network: nn.Module, batch: Batch) -> None:
        images, labels, ids = batch
        whole = self.attack()(network, images, labels, ids, 0)
        order = torch.randperm(len(ids), generator=torch.Generator().manual_seed(0))
        parts = [self.attack()(network, images[rows], labels[rows], ids[rows], 0) for rows in torch.split(order, 7)]
        assert torch.allclose(torch.cat(parts), whole[order], atol=1e-12)

    def test_the_loss_rises(self, network: nn.Module, batch: Batch) -> None:
        images, labels, ids = batch
        network.eval()
        attacked = self.attack()(network, images, labels, ids, 0)
        loss = nn.functional.cross_entropy
        assert loss(network(attacked), labels) > loss(network(images), labels)

    def test_a_network_of_nans_gives_images_that_are_numbers(self, network: nn.Module, batch: Batch) -> None:
        images, labels, ids = batch
        nn.init.constant_(next(network.parameters()), float("nan"))
        assert self.attack()(network, images, labels, ids, 0).isfinite().all()
