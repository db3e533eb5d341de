"""Apply CutMix (Yun et al., ICCV 2019): every image gets a box of another one, and its label a share."""

import math

import numpy as np
import torch
from torch import Generator, Tensor

_SEEDS = 2**63 - 1


def cutmix(
    images: Tensor, labels: Tensor, num_classes: int, alpha: float, generator: Generator
) -> tuple[Tensor, Tensor]:
    """Replace one box in every image by that of a partner, and return the images and the classes' shares of the pixels.

    The box is the same for the whole batch. Its sides are sqrt(1 - lambda) of the image's, with lambda from
    Beta(alpha, alpha); its centre is uniform, and the border cuts it off. Labels are mixed by the share of pixels that
    the box really has. Partners are a random permutation of the batch.

    Args:
        images: (n, C, H, W), of any type; they are not changed.
        labels: (n,) int64 in [0, num_classes).
        num_classes: number of classes K.
        alpha: above 0; 1 makes every lambda in [0, 1] equally likely.
        generator: a generator on the CPU, whatever the device of the images.

    Returns:
        Images (n, C, H, W) and targets (n, K) float32, whose rows sum to 1.
    """
    n, _, height, width = images.shape
    # Torch can draw from a Beta distribution only with its global generator.
    seed = int(torch.randint(0, _SEEDS, (), generator=generator))
    kept = np.random.default_rng(seed).beta(alpha, alpha)
    partner = torch.randperm(n, generator=generator).to(images.device, non_blocking=True)
    top, bottom = _side(height, kept, generator)
    left, right = _side(width, kept, generator)
    mixed = images.clone()
    mixed[:, :, top:bottom, left:right] = images[partner, :, top:bottom, left:right]
    pixels, box = height * width, (bottom - top) * (right - left)
    classes = torch.arange(num_classes, device=images.device)
    own, other = ((of[:, None] == classes).float() for of in (labels, labels[partner]))
    return mixed, own * ((pixels - box) / pixels) + other * (box / pixels)


def _side(length: int, kept: float, generator: Generator) -> tuple[int, int]:
    """Return the first pixel of the box, and the one after its last, along a side of ``length`` pixels."""
    box = round(length * math.sqrt(1 - kept))
    first = int(torch.randint(0, length, (), generator=generator)) - box // 2
    return max(first, 0), min(first + box, length)
