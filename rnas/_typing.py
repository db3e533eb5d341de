"""Define the types of arrays and shapes once."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Bools = NDArray[np.bool_]
Shape = tuple[int, int, int]
"""(channels, height, width) of one image."""
