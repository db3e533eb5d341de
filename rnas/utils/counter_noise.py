"""Make noise that depends only on a seed and an image's id, and not on the batch.

The noise is counter-based: the number of every pixel is a hash (the finaliser of SplitMix64; Steele, Lea and Flood,
2014) of seed, id and pixel, in integer arithmetic that is the same on every device.
"""

import math

import torch
from torch import Tensor

_GAMMA = 0x9E3779B97F4A7C15
_FIRST = 0xBF58476D1CE4E5B9
_SECOND = 0x94D049BB133111EB
_BITS = 24


def _signed(value: int) -> int:
    """Return an unsigned 64-bit number as the int64 with the same bits."""
    value &= 0xFFFFFFFFFFFFFFFF
    return value - (1 << 64) if value >> 63 else value


def _shift(value: Tensor, bits: int) -> Tensor:
    """Shift int64 right logically."""
    return (value >> bits) & ((1 << (64 - bits)) - 1)


def _mix(value: Tensor) -> Tensor:
    value = (value ^ _shift(value, 30)) * _signed(_FIRST)
    value = (value ^ _shift(value, 27)) * _signed(_SECOND)
    return value ^ _shift(value, 31)


def uniform(seed: int, ids: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Return noise (n, *shape), float32, uniform in [-1, 1), on the device of ``ids``.

    Args:
        seed: any whole number.
        ids: (n,) int64, one for each image.
        shape: shape of one image.
    """
    pixel = torch.arange(torch.Size(shape).numel(), device=ids.device)
    image = _mix(ids * _signed(_GAMMA) + _signed(seed * _SECOND + _GAMMA))
    bits = _shift(_mix(image[:, None] + (pixel + 1) * _signed(_GAMMA)), 64 - _BITS)
    return (bits.float() * (2.0 / (1 << _BITS)) - 1.0).reshape(len(ids), *shape)


def normal(seed: int, ids: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Return noise (n, *shape), float32, from the standard normal distribution, bounded by about 5.4 deviations.

    Args:
        seed: any whole number.
        ids: (n,) int64, one for each image.
        shape: shape of one image.
    """
    # Uniform noise has 2^24 values, and one of them is -1. Adding half a step keeps both ends finite.
    inside = uniform(seed, ids, shape).add_(1.0 / (1 << _BITS))
    return inside.mul_(1 - 2.0 / (1 << _BITS)).erfinv_().mul_(math.sqrt(2))
