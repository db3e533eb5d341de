"""Augmentations of whole batches, on the device where the images are."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

PADDING = 4


def flip(images: Tensor, generator: Generator) -> Tensor:
    """Images (n, C, H, W), each mirrored left to right with probability one half."""
    mirrored = torch.rand(len(images), 1, 1, 1, generator=generator).to(images.device) < 0.5
    return torch.where(mirrored, images.flip(3), images)


def crop(images: Tensor, generator: Generator) -> Tensor:
    """Images (n, C, H, W), each padded by 4 black pixels on all sides and cropped back at a random place."""
    n, _, height, width = images.shape
    padded = F.pad(images, (PADDING,) * 4)
    top, left = torch.randint(0, 2 * PADDING + 1, (2, n), generator=generator).to(images.device)
    rows = top[:, None] + torch.arange(height, device=images.device)
    columns = left[:, None] + torch.arange(width, device=images.device)
    sample = torch.arange(n, device=images.device)
    return padded[sample[:, None, None], :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


AUGMENTATIONS: dict[str, Callable[[Tensor, Generator], Tensor]] = {"crop": crop, "flip": flip}


def augment(images: Tensor, names: tuple[str, ...], generator: Generator) -> Tensor:
    """Images (n, C, H, W) through the named augmentations in order; the generator is a CPU one."""
    for name in names:
        images = AUGMENTATIONS[name](images, generator)
    return images
