"""Compute the loss on a plane through each image, along its gradient's sign and along random signs."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import torch
from torch import Tensor, nn

from rnas._typing import Floats
from rnas.attacks.losses import cross_entropy
from rnas.attacks.state import attacking
from rnas.errors import InputError
from rnas.utils.counter_noise import uniform


@dataclass(frozen=True)
class LossSurface:
    """Hold losses on a grid of the plane x + a d1 + b d2.

    Attributes:
        offsets: (k,) values of a and of b, for pixels in [0, 1], ascending, 0 in the middle.
        losses: (n, k, k) cross-entropy of image i at a = offsets[j] and b = offsets[l]; NaN and infinity are not
            replaced.
    """

    offsets: Floats
    losses: Floats

    @property
    def mean(self) -> Floats:
        """Return (k, k), the mean over images; it is not finite where a loss is not."""
        mean: Floats = self.losses.mean(axis=0)
        return mean


def loss_surface(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    ids: Tensor,
    seed: int,
    reach: Fraction,
    points: int = 11,
    batch_size: int = 100,
) -> LossSurface:
    """Return the cross-entropy on the plane that d1 and d2 span at each image, in eval mode.

    d1 is the sign of the loss' gradient at the image (0 at a pixel whose gradient is 0 or not finite). d2 is a random
    sign for each pixel (Rademacher), a function of (seed, id). Points are not clipped to [0, 1], so that they form a
    plane.

    Args:
        model: network from images to logits; it is left unchanged.
        images: (n, C, H, W) in [0, 1].
        labels: (n,) int64.
        ids: (n,) int64.
        seed: seed of d2.
        reach: greatest a and b, above 0; 8/255 spans the usual ball.
        points: number of values of a and of b, odd so that the image itself is one of the points.
        batch_size: images per batch.

    Raises:
        InputError: points is even or below 3, or reach is not above 0.
    """
    if points < 3 or points % 2 == 0:
        raise InputError(f"points is {points}; write an odd number of at least 3, so that the image is one of them")
    if reach <= 0:
        raise InputError(f"reach is {reach}; write a distance above 0, such as 8/255")
    half = points // 2
    offsets = [float(reach * Fraction(number - half, half)) for number in range(points)]
    parts = []
    for rows in torch.split(torch.arange(len(images), device=images.device), batch_size):
        clean, label = images[rows], labels[rows]
        with attacking(model):
            first = _gradient_sign(model, clean, label)
            second = rademacher(seed, ids[rows], clean)
            with torch.no_grad():
                grid = [[cross_entropy(model(clean + a * first + b * second), label) for b in offsets] for a in offsets]
        parts.append(torch.stack([torch.stack(row) for row in grid]).permute(2, 0, 1).double().cpu())
    return LossSurface(np.array(offsets), torch.cat(parts).numpy())


def _gradient_sign(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    inputs = images.detach().clone().requires_grad_(True)
    with torch.enable_grad():
        (gradient,) = torch.autograd.grad(cross_entropy(model(inputs), labels).sum(), inputs)
    return gradient.nan_to_num_(0, 0, 0).sign_()


def rademacher(seed: int, ids: Tensor, images: Tensor) -> Tensor:
    """Return a random sign, -1 or 1, for each pixel, like images (n, C, H, W); a function of (seed, id)."""
    noise = uniform(seed, ids, tuple(images.shape[1:]))
    return torch.where(noise < 0, -1.0, 1.0).to(images.dtype)
