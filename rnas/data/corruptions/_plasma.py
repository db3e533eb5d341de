"""Draw plasma fractals by the diamond-square algorithm (Fournier, Fussell and Carpenter, 1982), one for each image."""

import torch
from torch import Tensor

from rnas.data.corruptions._randomness import uniform

_SWING = 100.0


def plasma(name: str, seed: int, ids: Tensor, height: int, width: int, decay: float) -> Tensor:
    """Return height maps (n, 1, height, width), float32, in [0, 1]; they repeat at the next power of two.

    Args:
        name: purpose of the maps; a different name gives different maps.
        seed: seed of the maps, together with the id of an image.
        ids: (n,) int64.
        height: height of a map, in pixels.
        width: width of a map, in pixels.
        decay: factor, above 1, by which the square root of the amplitude shrinks at each finer scale; a smaller one
            gives rougher maps.
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
