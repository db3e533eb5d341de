"""The loss on a plane through each image: along its gradient's sign and along random signs."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rnas.attacks.losses import cross_entropy
from rnas.attacks.state import attacking
from rnas.errors import InputError
from rnas.utils.counter_noise import uniform

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LossSurface:
    """Losses on a grid of the plane x + a d1 + b d2.

    Attributes:
        offsets: (k,) values of a and of b, in units of a pixel in [0, 1], ascending, 0 in the middle.
        losses: (n, k, k) cross-entropy of image i at a = offsets[j] and b = offsets[l]; as the network gives it, NaN
            and infinity too.
    """

    offsets: Floats
    losses: Floats

    @property
    def mean(self) -> Floats:
        """(k, k), the mean over images; not finite where a loss is not."""
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
    """The cross-entropy on the plane that d1 and d2 span at each image, in eval mode.

    d1 is the sign of the loss' gradient at the image (0 at a pixel whose gradient is 0 or not finite), d2 a random
    sign for each pixel (Rademacher), a function of (seed, id). Points are not cut off at [0, 1], so that the
    surface is one of a plane.

    Args:
        model: from images to logits; left as found.
        images: (n, C, H, W) in [0, 1].
        labels: (n,) int64.
        ids: (n,) int64.
        seed: of d2.
        reach: greatest a and b, above 0; 8/255 spans the usual ball.
        points: values of a and of b each, odd so that the image itself is one of the points.
        batch_size: images at a time.

    Raises:
        InputError: points is even or below 3, or reach not above 0.
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
    """A random sign, -1 or 1, for each pixel, like images (n, C, H, W); a function of (seed, id)."""
    noise = uniform(seed, ids, tuple(images.shape[1:]))
    return torch.where(noise < 0, -1.0, 1.0).to(images.dtype)
