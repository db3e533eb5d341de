"""Small networks, trained adversarially on digits in seconds, by a loop that nothing else uses."""

from collections.abc import Callable
from fractions import Fraction

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rnas.data.dataset import Split, divide
from rnas.data.digits import load

EPSILON = Fraction(3, 20)
SPLITS = divide(load(None), load(None).splits, 0)


def images_of_test(images: int) -> Split:
    return SPLITS["test"].first(images)


def plain_network() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(8, 16, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(16 * 16, 10),
    )


class ResidualDigits(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 8, 3, padding=1)
        self.block = nn.Sequential(nn.BatchNorm2d(8), nn.SiLU(), nn.Conv2d(8, 8, 3, padding=1))
        self.classifier = nn.Linear(8 * 16, 10)

    def forward(self, images: Tensor) -> Tensor:
        features = self.stem(images)
        features = F.silu(features + self.block(features))
        logits: Tensor = self.classifier(F.avg_pool2d(features, 2).flatten(1))
        return logits


def trained(make: Callable[[], nn.Module], seed: int, epochs: int = 20, steps: int = 5) -> nn.Module:
    """Train by PGD with a number of steps within EPSILON; 0 steps are plain training."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = make()
        images, labels = SPLITS["train"].images(slice(None)), SPLITS["train"].labels
        optimizer = torch.optim.Adam(model.parameters(), 0.01)
        for epoch in range(epochs):
            optimizer.param_groups[0]["lr"] = 0.01 * (1 - epoch / epochs)
            for rows in torch.split(torch.randperm(len(labels)), 64):
                points = attacked(model, images[rows], labels[rows], steps)
                optimizer.zero_grad()
                F.cross_entropy(model(points), labels[rows]).backward()
                optimizer.step()
    return model.eval()


def attacked(model: nn.Module, images: Tensor, labels: Tensor, steps: int) -> Tensor:
    epsilon = float(EPSILON)
    points = images + torch.empty_like(images).uniform_(-epsilon, epsilon) if steps else images
    for _ in range(steps):
        points = points.clamp(0, 1).detach().requires_grad_()
        (gradient,) = torch.autograd.grad(F.cross_entropy(model(points), labels), points)
        points = points.detach() + epsilon / 2 * gradient.sign()
        points = torch.minimum(torch.maximum(points, images - epsilon), images + epsilon)
    return points.clamp(0, 1).detach()
