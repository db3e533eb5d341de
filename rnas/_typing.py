"""Define the types of arrays and shapes once."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
"""Array of float64."""
Integers = NDArray[np.int64]
"""Array of int64."""
Bools = NDArray[np.bool_]
"""Array of booleans."""
Shape = tuple[int, int, int]
"""Channels, height and width of one image."""
