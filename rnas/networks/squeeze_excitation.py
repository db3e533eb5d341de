"""Apply squeeze-and-excitation (Hu, Shen, Sun, CVPR 2018), and name its places in a block."""

import numpy as np

from rnas._typing import Integers

NONE = "none"
STANDARD = "standard"
CONV3X3 = "conv3x3"
IDENTITY = "identity"
RESIDUAL = "residual"

PLACEMENTS = (NONE, STANDARD, CONV3X3, IDENTITY, RESIDUAL)
"""The places of the gate.

- standard: on the branch's output, before the addition;
- conv3x3: on the activated output of the spatial convolution (the first one in a block of two);
- identity: on the input of the identity branch, before its convolution if it has one;
- residual: the gated branch is added to the branch itself, and the gate reads the normalised branch
  (Huang, Lu, Deb, Boddeti, CVPR 2023).
"""


def hidden_units(channels: Integers | int, reduction: Integers | int) -> Integers:
    """Return each gate's number of hidden units, at least one; :class:`ResidualBlock` explains the channels."""
    units: Integers = np.maximum(channels // reduction, 1)
    return units
