"""Plasma fractals by the diamond-square algorithm (Fournier, Fussell and Carpenter, 1982), one for each image."""

import torch
from torch import Tensor

from rnas.data.corruptions.randomness import uniform

_SWING = 100.0


def plasma(name: str, seed: int, ids: Tensor, height: int, width: int, decay: float) -> Tensor:
    """Height maps (n, 1, height, width), float32, in [0, 1]; they wrap around at the next power of two.

    Args:
        name: what they are for: other names draw other maps.
        seed: with an image's id decides its map.
        ids: (n,) int64.
        height: of a map, in pixels.
        width: of a map, in pixels.
        decay: by how much the square root of the swing shrinks from one scale to the next, above 1; less is rougher.
    """
    size = 1 << (max(height, width) - 1).bit_length()
    drawn = uniform(name, seed, ids, (size, size))
    heights = torch.zeros_like(drawn)
    swing, step = _SWING, size
    while step > 1:
        half = step // 2
        corners, noise = heights[:, ::step, ::step], drawn * swing**2
        pairs = corners + corners.roll(-1, 1)
        middle = (pairs + pairs.roll(-1, 2)) / 4 + noise[:, half::step, half::step]
        across = middle + middle.roll(1, 1) + corners + corners.roll(-1, 2)
        along = middle + middle.roll(1, 2) + corners + corners.roll(-1, 1)
        heights[:, half::step, half::step] = middle
        heights[:, ::step, half::step] = across / 4 + noise[:, ::step, half::step]
        heights[:, half::step, ::step] = along / 4 + noise[:, half::step, ::step]
        swing, step = swing / decay, half
    heights -= heights.amin(dim=(1, 2), keepdim=True)
    heights /= heights.amax(dim=(1, 2), keepdim=True)
    return heights[:, None, :height, :width]
