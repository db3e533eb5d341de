from fractions import Fraction

import torch
from torch import Tensor, nn

from rnas.attacks.attack import Attack
from rnas.attacks.pgd import PGD
from rnas.attacks.transfer import Transfer
from rnas.testing.attack import AttackConformance, Batch

EPSILON = Fraction(3, 20)
PGD5 = PGD(EPSILON, 5)


def small_network(seed: int) -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Conv2d(1, 6, 3, padding=1),
            nn.BatchNorm2d(6),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Flatten(),
            nn.Linear(6 * 64, 10),
        ).double()


class TestTransfer(AttackConformance):
    # The source has one.
    number_formats = (torch.float64,)

    def attack(self) -> Attack:
        # The network under test has the same weights, so that what is crafted here counts there.
        return Transfer("source", small_network(0), PGD5)

    def attack_without_radius(self) -> Attack:
        return Transfer("source", small_network(0), PGD(Fraction(0), 5))

    def test_radius_and_norm_are_the_attacks(self) -> None:
        assert self.attack().epsilon == EPSILON
        assert self.attack().norm == "linf"

    def test_only_the_source_is_asked(self, batch: Batch) -> None:
        images, labels, ids = batch

        class Closed(nn.Module):
            def forward(self, images: Tensor) -> Tensor:
                raise AssertionError("a black box was opened")

        source = small_network(1)
        expected = PGD5(source, images, labels, ids, 4)
        assert torch.equal(Transfer("source", source, PGD5)(Closed(), images, labels, ids, 4), expected)

    def test_the_source_is_left_as_found(self, network: nn.Module, batch: Batch) -> None:
        images, labels, ids = batch
        source = small_network(1).train()
        before = {name: tensor.clone() for name, tensor in source.state_dict().items()}
        Transfer("source", source, PGD5)(network, images, labels, ids, 0)
        assert source.training
        assert all(parameter.requires_grad and parameter.grad is None for parameter in source.parameters())
        assert all(torch.equal(tensor, before[name]) for name, tensor in source.state_dict().items())

    def test_transfer_is_weaker_than_the_networks_own_gradient(self, network: nn.Module, batch: Batch) -> None:
        images, labels, ids = batch
        network.eval()

        def loss(attack: Attack) -> float:
            logits = network(attack(network, images, labels, ids, 0))
            return nn.functional.cross_entropy(logits, labels).item()

        assert loss(Transfer("source", small_network(1), PGD5)) < loss(PGD5)
