"""One yes or no for each image as a short text: what files of results and states hold."""

import numpy as np
import torch
from torch import Tensor


def pack(flags: Tensor) -> str:
    """Flags (n,) in hexadecimal: eight a byte, the first in the highest bit, the last byte filled up with zeros."""
    return np.packbits(flags.bool().cpu().numpy()).tobytes().hex()


def unpack(text: str, images: int) -> Tensor:
    """Flags (images,), bool, on the CPU, that :func:`pack` wrote.

    Raises:
        ValueError: the text does not hold this number of flags.
    """
    data = np.frombuffer(bytes.fromhex(text), dtype=np.uint8)
    if len(data) != -(-images // 8):
        raise ValueError(f"{len(data)} bytes are not the flags of {images} images")
    return torch.from_numpy(np.unpackbits(data, count=images).astype(bool))
