"""Store one yes or no for each image as a short text, for files of results and states."""

import numpy as np
import torch
from torch import Tensor


def pack(flags: Tensor) -> str:
    """Return flags (n,) in hexadecimal: eight per byte, the first in the highest bit, zeros at the end."""
    return np.packbits(flags.bool().cpu().numpy()).tobytes().hex()


def unpack(text: str, images: int) -> Tensor:
    """Return flags (images,), bool, on the CPU, from a text of :func:`pack`.

    Raises:
        ValueError: the text does not have this number of flags.
    """
    data = np.frombuffer(bytes.fromhex(text), dtype=np.uint8)
    if len(data) != -(-images // 8):
        raise ValueError(f"{len(data)} bytes are not the flags of {images} images")
    return torch.from_numpy(np.unpackbits(data, count=images).astype(bool))
