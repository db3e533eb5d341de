"""Read an export with ``rnas.load``."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

import rnas

Array = NDArray[np.float32]


def read(path: str) -> Callable[[Array], Array]:
    """Return the network of an export."""
    network = rnas.load(path)
    return lambda images: network(torch.from_numpy(images)).detach().numpy()
