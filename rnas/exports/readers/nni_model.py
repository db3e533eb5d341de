"""Freeze a member of a model space of NNI and load its weights."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from rnas.exports.nni_member import load_member

Array = NDArray[np.float32]


def read(path: str) -> Callable[[Array], Array]:
    """Return the network of an export."""
    network = load_member(path)
    return lambda images: network(torch.from_numpy(images)).detach().numpy()
