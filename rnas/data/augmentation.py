"""Augment whole batches on the device of the images.

Each function treats bytes and floating point numbers alike, with the same random draws. The result is therefore the
same whether a batch is scaled to [0, 1] before or after, and bytes are faster to move. Black is 0 in both. Policies,
which change the colours too, work on the CPU.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rnas.data.policies import autoaugment, randaugment
from rnas.utils._lazy import LazyModule

if TYPE_CHECKING:
    import torch
    import torch.nn.functional as F
    from torch import Generator, Tensor
else:
    torch = LazyModule("torch")
    F = LazyModule("torch.nn.functional")


PADDING = 4
CUTOUT = 16
DEGREES = 20.0

_BITS = 16


def flip(images: Tensor, generator: Generator) -> Tensor:
    """Mirror each of the images (n, C, H, W) left to right with probability one half."""
    mirrored = torch.rand(len(images), 1, 1, 1, generator=generator).to(images.device, non_blocking=True) < 0.5
    return torch.where(mirrored, images.flip(3), images)


def crop(images: Tensor, generator: Generator) -> Tensor:
    """Pad each of the images (n, C, H, W) with 4 black pixels on all sides and crop it at a random place."""
    n, _, height, width = images.shape
    padded = F.pad(images, (PADDING,) * 4)
    top, left = torch.randint(0, 2 * PADDING + 1, (2, n), generator=generator).to(images.device, non_blocking=True)
    rows = top[:, None] + torch.arange(height, device=images.device)
    columns = left[:, None] + torch.arange(width, device=images.device)
    places = rows[:, :, None] * (width + 2 * PADDING) + columns[:, None, :]
    return _taken(padded, places)


def cutout(images: Tensor, generator: Generator) -> Tensor:
    """Blacken a square window in each of the images (n, C, H, W) (DeVries and Taylor, 2017).

    The window is 16 pixels wide, or half the shorter side if that is less. Its centre is uniform over the image, and
    the image's border cuts it off.
    """
    n, _, height, width = images.shape
    side = min(CUTOUT, min(height, width) // 2)
    corners = torch.stack([torch.randint(0, length, (n, 1), generator=generator) for length in (height, width)])
    first = corners.to(images.device, non_blocking=True) - side // 2
    rows, columns = (
        (place >= start) & (place < start + side)
        for start, place in zip(first, _places(height, width, images.device), strict=True)
    )
    window = (rows[:, :, None] & columns[:, None, :])[:, None]
    return images.masked_fill(window, 0)


def rotate(images: Tensor, generator: Generator) -> Tensor:
    """Rotate each of the images (n, C, H, W) about its centre by an angle uniform in +-20 degrees.

    Each new pixel takes the nearest old one, or black outside the image.
    """
    n, _, height, width = images.shape
    degrees = (torch.rand(n, 1, 1, generator=generator).double() * 2 - 1) * DEGREES
    cosine, sine = degrees.deg2rad().cos(), degrees.deg2rad().sin()
    middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
    # A pixel covers [0, 1), so its middle is at 0.5.
    shift_x, shift_y = width / 2 - cosine * middle_x + sine * middle_y, height / 2 - sine * middle_x - cosine * middle_y
    # Values are multiples of 2^-16 pixels, so that rounding to the nearest pixel is the same on every device.
    values = torch.stack([cosine, sine, -sine, shift_x, shift_y])
    fixed = (values * (1 << _BITS) + 0.5).floor().long().to(images.device, non_blocking=True)
    cosine, sine, minus_sine, shift_x, shift_y = fixed.unbind()
    rows, x = _places(height, width, images.device)
    y = rows[:, None]
    from_x = x * cosine + y * minus_sine + shift_x
    from_y = x * sine + y * cosine + shift_y
    columns, rows = from_x >> _BITS, from_y >> _BITS
    outside = (columns < 0) | (columns >= width) | (rows < 0) | (rows >= height)
    places = (rows * width + columns).masked_fill(outside, 0)
    return _taken(images, places).masked_fill(outside[:, None], 0)


AUGMENTATIONS: dict[str, Callable[[Tensor, Generator], Tensor]] = {
    "crop": crop,
    "flip": flip,
    "cutout": cutout,
    "rotate": rotate,
}
"""Augmentations by name; each takes images (n, c, h, w) and a generator, and moves pixels or makes them black."""

POLICIES: dict[str, Callable[[Tensor, Generator, int], Tensor]] = {
    "autoaugment": autoaugment,
    "randaugment": randaugment,
}
"""Augmentations by name that draw one or more operations for each image; they need the value of white too."""

NAMES = (*AUGMENTATIONS, *POLICIES)
"""Names of all augmentations."""


def augment(images: Tensor, names: tuple[str, ...], generator: Generator, white: int | None = None) -> Tensor:
    """Apply the named augmentations in order to images (n, C, H, W), bytes or floating point.

    Args:
        images: the batch; it is not changed.
        names: names from :data:`NAMES`.
        generator: a generator on the CPU, whatever the device of the images.
        white: value of white; None is 255 for bytes, and 1 for floating point numbers.
    """
    if white is None:
        white = 1 if images.is_floating_point() else 255
    for name in names:
        if name in POLICIES:
            images = POLICIES[name](images, generator, white)
        else:
            images = AUGMENTATIONS[name](images, generator)
    return images


def _places(height: int, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    return torch.arange(height, device=device), torch.arange(width, device=device)


def _taken(images: Tensor, places: Tensor) -> Tensor:
    """Return the pixels (n, C, H, W) of the images at positions (n, H, W), counted row by row."""
    n, channels = images.shape[:2]
    taken = images.flatten(2).gather(2, places.flatten(1)[:, None].expand(-1, channels, -1))
    return taken.view(n, channels, *places.shape[1:])
