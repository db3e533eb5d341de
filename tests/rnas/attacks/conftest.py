from dataclasses import dataclass
from fractions import Fraction

import pytest
import torch
from torch import Tensor, nn

from rnas.attacks.fgsm import FGSM
from rnas.data.dataset import Split, divide
from rnas.data.digits import load


@dataclass(frozen=True)
class Trained:
    """A network in eval mode and images that it was not trained on."""

    network: nn.Module
    images: Tensor
    labels: Tensor
    ids: Tensor


@pytest.fixture(scope="session")
def trained() -> Trained:
    """A small network for digits, trained on FGSM images at 1/10 for about a second; left as it is by every test."""
    dataset = load(None)
    splits = divide(dataset, dataset.splits, 0)
    held_out = splits["test"].first(100)
    with torch.random.fork_rng(devices=[]):
        network = _network(splits["train"])
    return Trained(network, held_out.images(slice(None)), held_out.labels, held_out.ids)


def _network(split: Split) -> nn.Module:
    """Trained in float64, in which no rounding is large enough to grow: it is the same network on every machine."""
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride=2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(32 * 9, 10),
    ).double()
    optimizer = torch.optim.Adam(network.parameters(), 0.003)
    attack = FGSM(Fraction(1, 10))
    for _ in range(10):
        for rows in torch.randperm(len(split)).split(64):
            images, labels = split.images(rows).double(), split.labels[rows]
            attacked = attack(network, images, labels, split.ids[rows], 0)
            loss = nn.functional.cross_entropy(network(attacked), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return network.float().eval()
