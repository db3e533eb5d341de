"""Blur images, with the severities of CIFAR-10-C in pixels (Hendrycks and Dietterich, ICLR 2019)."""

import math

import numpy as np
import torch
from torch import Tensor

from rnas.data.corruptions._randomness import uniform
from rnas.data.corruptions._sampling import (
    edge,
    filtered,
    gaussian_filtered,
    gaussian_weights,
    mirror,
    streaked,
    taken,
    zoomed,
)


def defocus_blur(images: Tensor, severity: int, ids: Tensor, seed: int) -> Tensor:
    """Blur with a disk that has a smooth rim. See :mod:`rnas.data.corruptions.named`."""
    radius, smoothing = ((0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1.0, 0.2), (1.5, 0.1))[severity - 1]
    reach = int(radius)
    offsets = np.arange(-reach, reach + 1)
    disk = (offsets[:, None] ** 2 + offsets**2 <= radius**2).astype(float)
    weights = gaussian_weights(smoothing, 1)
    blurred = filtered(images, (disk / disk.sum()).tolist(), mirror)
    return filtered(filtered(blurred, [weights], mirror), [[weight] for weight in weights], mirror).clamp_(0, 1)


def glass_blur(images: Tensor, severity: int, ids: Tensor, seed: int) -> Tensor:
    """Exchange pixels with their neighbours, between two Gaussian blurs. See :mod:`rnas.data.corruptions.named`.

    A pixel takes its own value or that of one of the three pixels above and to the left of it. The published images
    were made in the same way: their code never changed the neighbour.
    """
    sigma, rounds = ((0.05, 1), (0.25, 1), (0.4, 1), (0.25, 2), (0.4, 2))[severity - 1]
    height, width = images.shape[2:]
    drawn = uniform("glass_blur", seed, ids, (2, 2, height, width))
    rows = torch.arange(height, device=images.device)[:, None]
    columns = torch.arange(width, device=images.device)
    inside = (rows > 1) & (columns > 1)
    blurred = gaussian_filtered(images, sigma, edge)
    for turn in range(rounds):
        up, left = (drawn[:, turn] < 0).long().unbind(1)
        blurred = taken(blurred, rows - up * inside, columns - left * inside)
    return gaussian_filtered(blurred, sigma, edge).clamp_(0, 1)


def motion_blur(images: Tensor, severity: int, ids: Tensor, seed: int) -> Tensor:
    """Blur with half a Gaussian along a line of -45 to 45 degrees. See :mod:`rnas.data.corruptions.named`.

    ImageMagick made the published images. This function follows its definition but was not compared with it, so results
    are not comparable with published CIFAR-10-C numbers.
    """
    radius, sigma = ((6, 1.0), (6, 1.5), (6, 2.0), (8, 2.0), (9, 2.5))[severity - 1]
    angles = uniform("motion_blur", seed, ids, ()) * (math.pi / 4)
    return streaked(images, radius, sigma, angles).clamp_(0, 1)


def zoom_blur(images: Tensor, severity: int, ids: Tensor, seed: int) -> Tensor:
    """Average an image and its enlargements, in steps of 0.01. See :mod:`rnas.data.corruptions.named`.

    Enlargements use whole pixels, so below 32x32 the first of them change nothing.
    """
    # Rounding decides whether the stop is itself a step, as it did for the published images.
    stop = (1.06, 1.11, 1.16, 1.21, 1.26)[severity - 1]
    enlarged = [zoomed(images, float(factor)) for factor in np.arange(1, stop, 0.01)]
    return torch.stack([images, *enlarged]).mean(dim=0).clamp_(0, 1)
