"""Read a Python file that has a function ``load``, or the only Python file of a folder."""

import sys
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from numpy.typing import NDArray

Array = NDArray[np.float32]


def read(path: str) -> Callable[[Array], Array]:
    """Return the network of an export."""
    place = Path(path)
    file = place if place.is_file() else next(place.glob("*.py"))
    module = ModuleType("network")
    module.__file__ = str(file)
    # Dataclasses look up their module.
    sys.modules[module.__name__] = module
    SourceFileLoader(module.__name__, str(file)).exec_module(module)
    network = module.load()
    if module.check() > module.TOLERANCE:
        raise ValueError(f"{file}: its own check fails")
    return lambda images: network(torch.from_numpy(images)).detach().numpy()
