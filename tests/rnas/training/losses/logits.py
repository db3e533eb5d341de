"""Losses as functions of two tables of logits, so that their gradients can be seen."""

from dataclasses import dataclass

import torch
from torch import Tensor

from rnas.training.losses import CrossEntropy
from rnas.training.losses._batch import Batch, Value
from rnas.training.losses.mart import MART
from rnas.training.losses.trades import TRADES


@dataclass
class Logits:
    """Logits (n, K) of images as they are and of crafted ones, which keep a gradient, and what is wanted."""

    clean: Tensor
    adversarial: Tensor
    labels: Tensor
    shares: Tensor

    @classmethod
    def drawn(cls, seed: int, scale: float = 3.0, images: int = 5, classes: int = 6) -> "Logits":
        generator = torch.Generator().manual_seed(seed)
        clean, adversarial = scale * torch.randn(2, images, classes, dtype=torch.float64, generator=generator)
        labels = torch.randint(classes, (images,), generator=generator)
        shares = torch.rand(images, classes, dtype=torch.float64, generator=generator).softmax(1)
        return cls(clean.requires_grad_(), adversarial.requires_grad_(), labels, shares)

    def value(self, loss: CrossEntropy | TRADES | MART, targets: Tensor, smoothing: float = 0.0) -> Value:
        images, crafted = torch.zeros(1), torch.ones(1)

        def forward(seen: Tensor) -> Tensor:
            assert seen is crafted
            return self.adversarial

        def clean_forward(seen: Tensor) -> Tensor:
            assert seen is images
            return self.clean

        return loss(Batch(images, crafted, targets, smoothing, clean_forward, forward))

    def gradients(self, loss: Tensor) -> Tensor:
        """Of the clean and of the adversarial logits, (2, n, K)."""
        found = torch.autograd.grad(loss, (self.clean, self.adversarial), allow_unused=True, retain_graph=True)
        return torch.stack([torch.zeros_like(self.clean) if one is None else one for one in found])


def assert_same(logits: Logits, found: Value, expected: Tensor) -> None:
    """Equal losses and gradients, to the digits of float64."""
    assert found.logits is logits.adversarial
    assert torch.allclose(found.loss, expected, rtol=1e-11, atol=1e-12)
    assert torch.allclose(logits.gradients(found.loss), logits.gradients(expected), rtol=1e-9, atol=1e-12)
