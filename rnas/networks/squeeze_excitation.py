"""Where in a block squeeze-and-excitation (Hu, Shen, Sun, CVPR 2018) stands."""

import numpy as np

from rnas._typing import Integers

NONE = "none"
STANDARD = "standard"
CONV3X3 = "conv3x3"
IDENTITY = "identity"
RESIDUAL = "residual"

PLACEMENTS = (NONE, STANDARD, CONV3X3, IDENTITY, RESIDUAL)
"""Where the gate stands.

- standard: on the branch's output, before the addition;
- conv3x3: on the activated output of the spatial convolution (in a block of two, of the first);
- identity: on what enters the identity branch, before its convolution where it has one;
- residual: the gated branch is added to the branch itself, and the gate reads the normalised branch
  (Huang, Lu, Deb, Boddeti, CVPR 2023).
"""


def hidden_units(channels: Integers | int, reduction: Integers | int) -> Integers:
    """Units between the two linear layers of each gate, at least one; see :class:`ResidualBlock` for the channels."""
    units: Integers = np.maximum(channels // reduction, 1)
    return units
