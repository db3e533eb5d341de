"""Squeeze-and-excitation (Hu, Shen, Sun, CVPR 2018), and where in a block it stands."""

import numpy as np
import torch
from torch import Tensor, nn

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


class SqueezeExcitation(nn.Module):
    """The gate (N, C, 1, 1) in [0, 1] of feature maps (N, C, H, W): pooled, reduced, ReLU, expanded, sigmoid.

    Args:
        channels: C.
        hidden: units between the two linear layers.
    """

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.fc = nn.Sequential(
            nn.Linear(channels, hidden, bias=False),
            nn.ReLU(),
            nn.Linear(hidden, channels, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C, 1, 1)."""
        gate: Tensor = self.fc(torch.mean(x, dim=(2, 3)))
        return gate[:, :, None, None]


def hidden_units(channels: Integers | int, reduction: Integers | int) -> Integers:
    """Units between the two linear layers of each gate, at least one; see :class:`ResidualBlock` for the channels."""
    units: Integers = np.maximum(channels // reduction, 1)
    return units
