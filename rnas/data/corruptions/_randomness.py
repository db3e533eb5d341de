"""Draw the random numbers of a corruption, a function of its name, the seed and an image's id."""

import zlib

from torch import Tensor

from rnas.utils import counter_noise as noise

_PRIME = 1_000_003


def uniform(name: str, seed: int, ids: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Draw numbers (n, *shape), float32, uniform in [-1, 1), for images with ids (n,)."""
    return noise.uniform(_own(name, seed), ids, shape)


def normal(name: str, seed: int, ids: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Draw numbers (n, *shape), float32, from the standard normal distribution, for images with ids (n,)."""
    return noise.normal(_own(name, seed), ids, shape)


def _own(name: str, seed: int) -> int:
    """Return a seed that only this corruption uses; all its severities share it, so they differ only in severity."""
    return seed * _PRIME + zlib.crc32(name.encode())
