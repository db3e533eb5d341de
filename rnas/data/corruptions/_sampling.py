"""Shift, filter and warp batches of images, each image independently.

Sums run tap by tap, never through a library's convolution, so that the result for an image is the same in every batch.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

Border = Callable[[Tensor, int], Tensor]
"""A function from whole positions, which may lie outside, and a size to positions in [0, size)."""


def edge(positions: Tensor, size: int) -> Tensor:
    """Use the nearest pixel outside the image: a a | a b c | c c."""
    return positions.clamp(0, size - 1)


def mirror(positions: Tensor, size: int) -> Tensor:
    """Use the image mirrored at the middle of its last pixel: c b | a b c | b a."""
    return (size - 1) - ((positions % (2 * size - 2)) - (size - 1)).abs()


def half_mirror(positions: Tensor, size: int) -> Tensor:
    """Use the image mirrored behind its last pixel: b a | a b c | c b."""
    wrapped = positions % (2 * size)
    return torch.minimum(wrapped, 2 * size - 1 - wrapped)


def filtered(images: Tensor, kernel: Sequence[Sequence[float]], border: Border) -> Tensor:
    """Correlate images (n, C, H, W) with a kernel of odd height and width."""
    height, width = images.shape[2:]
    reach = len(kernel) // 2, len(kernel[0]) // 2
    rows = border(torch.arange(-reach[0], height + reach[0], device=images.device), height)
    columns = border(torch.arange(-reach[1], width + reach[1], device=images.device), width)
    padded = images[:, :, rows][:, :, :, columns]
    result = torch.zeros_like(images)
    for down, line in enumerate(kernel):
        for right, weight in enumerate(line):
            if weight:
                result.add_(padded[:, :, down : down + height, right : right + width], alpha=weight)
    return result


def gaussian_weights(sigma: float, reach: int) -> list[float]:
    """Return a normal density at -reach to reach pixels, scaled to sum to 1; sigma 0 puts all weight in the middle."""
    if sigma == 0:
        return [float(offset == 0) for offset in range(-reach, reach + 1)]
    density = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    weights: list[float] = (density / density.sum()).tolist()
    return weights


def gaussian_filtered(images: Tensor, sigma: float, border: Border, truncate: float = 4.0) -> Tensor:
    """Filter images (n, C, H, W) with a Gaussian of ``sigma`` pixels, truncated at ``truncate`` times sigma."""
    weights = gaussian_weights(sigma, int(truncate * sigma + 0.5))
    return filtered(filtered(images, [weights], border), [[weight] for weight in weights], border)


def streaked(images: Tensor, radius: int, sigma: float, angles: Tensor) -> Tensor:
    """Smear images (n, C, H, W) along a line, by half a Gaussian over 2 * radius + 1 pixels.

    Args:
        images: the batch.
        radius: radius in pixels.
        sigma: standard deviation of the Gaussian, in pixels.
        angles: (n,) radians, clockwise from the direction of rows.
    """
    height, width = images.shape[2:]
    taps = 2 * radius + 1
    weights = gaussian_weights(sigma, taps - 1)[taps - 1 :]
    result = torch.zeros_like(images)
    rows, columns = torch.arange(height, device=images.device), torch.arange(width, device=images.device)
    for tap, weight in enumerate(weights):
        down = (tap * angles.sin() - 0.5).ceil().long()
        right = (tap * angles.cos() - 0.5).ceil().long()
        from_rows = edge(rows + down[:, None], height)[:, :, None].expand(-1, -1, width)
        from_columns = edge(columns + right[:, None], width)[:, None, :].expand(-1, height, -1)
        result.add_(taken(images, from_rows, from_columns), alpha=weight / sum(weights))
    return result


def taken(images: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Return the pixels of images (n, C, H, W) at rows and columns (n, H, W), int64."""
    flat = (rows * images.shape[3] + columns).flatten(1)[:, None].expand(-1, images.shape[1], -1)
    return images.flatten(2).gather(2, flat).reshape(*images.shape[:2], *rows.shape[1:])


def warped(images: Tensor, rows: Tensor, columns: Tensor, border: Border) -> Tensor:
    """Interpolate images (n, C, H, W) bilinearly at positions (n, H, W) between pixels."""
    height, width = images.shape[2:]
    top, left = rows.floor(), columns.floor()
    down, right = (rows - top)[:, None].to(images.dtype), (columns - left)[:, None].to(images.dtype)
    above, below = (border(top.long() + step, height) for step in (0, 1))
    before, after = (border(left.long() + step, width) for step in (0, 1))
    upper = taken(images, above, before) * (1 - right) + taken(images, above, after) * right
    lower = taken(images, below, before) * (1 - right) + taken(images, below, after) * right
    return upper * (1 - down) + lower * down


def zoomed(images: Tensor, factor: float) -> Tensor:
    """Enlarge the middle of images (n, C, H, W) by ``factor`` >= 1 to the same size.

    It crops whole pixels, enlarges them bilinearly to a whole size with aligned corners, and crops the result.
    """
    height, width = images.shape[2:]
    cropped = math.ceil(height / factor), math.ceil(width / factor)
    top, left = (height - cropped[0]) // 2, (width - cropped[1]) // 2
    middle = images[:, :, top : top + cropped[0], left : left + cropped[1]]
    size = [round(cropped[0] * factor), round(cropped[1] * factor)]
    larger = F.interpolate(middle, size, mode="bilinear", align_corners=True)
    top, left = (size[0] - height) // 2, (size[1] - width) // 2
    return larger[:, :, top : top + height, left : left + width]
