"""What the tests of training train: digits, small networks, and short plans."""

import dataclasses
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import torch
from torch import nn

from rnas.attacks.pgd import PGD
from rnas.data.dataset import Split, divide
from rnas.data.digits import load
from rnas.data.fidelity import Fidelity
from rnas.data.splits import SplitSizes
from rnas.training.plan import Plan
from rnas.training.recipe import Recipe

_SPLITS = divide(load(None), SplitSizes(train=600, search_val=450, test=450), 0)
TRAINING = _SPLITS["train"]
SEARCH_VAL = _SPLITS["search_val"]
EXTRA = dataclasses.replace(_SPLITS["test"], ids=_SPLITS["test"].ids + 2**32)
EPSILON = Fraction(1, 10)


def coloured(split: Split) -> Split:
    """The digits in three different channels, which channels_last orders otherwise."""
    pixels = torch.cat([split.pixels, split.pixels // 2, split.white - split.pixels], dim=1)
    return Split(pixels, split.labels, split.ids, split.white)


def network(seed: int = 0, channels: int = 1, width: int = 8) -> nn.Module:
    """Two convolutions with batch normalisation, and a linear layer on four pooled positions."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Conv2d(channels, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, 2 * width, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(2 * width),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(2),
            nn.Flatten(),
            nn.Linear(8 * width, 10),
        )


def plan(recipe: str | Mapping[str, Any] | Recipe, epochs: int = 2, batch_size: int = 64, **fidelity: Any) -> Plan:
    """A plan of few epochs at epsilon 1/10, with ten classes."""
    return Plan(Recipe.resolve(recipe), Fidelity(epochs=epochs, batch_size=batch_size, **fidelity), EPSILON, 10)


def accuracies(model: nn.Module, epsilon: Fraction = EPSILON) -> tuple[float, float]:
    """Clean accuracy, and that under PGD of 10 steps, on images that nothing trained on."""
    images = SEARCH_VAL.images(slice(None))
    attacked = PGD(epsilon, 10)(model, images, SEARCH_VAL.labels, SEARCH_VAL.ids, 0)
    model.eval()
    with torch.no_grad():
        clean, robust = (
            (model(seen).argmax(1) == SEARCH_VAL.labels).double().mean().item() for seen in (images, attacked)
        )
    return clean, robust
