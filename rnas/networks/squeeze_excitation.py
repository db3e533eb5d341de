"""Squeeze-and-excitation (Hu, Shen, Sun, CVPR 2018), and where in a block it stands."""

from typing import TypeVar

import torch
from torch import Tensor, nn

from rnas.networks.cost import Integers

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

Count = TypeVar("Count", int, Integers)


def at_least_one(count: Count) -> Count:
    """``count``, and 1 where it is 0."""
    raised: Count = count + (count == 0)
    return raised


def hidden_units(channels: Count, reduction: Count) -> Count:
    """Units between the two linear layers, at least one.

    ``channels`` are those of the block's output, wherever the gate stands, except on the identity branch: there
    they are those of the block's input. That reproduces the parameters that the paper prints.
    """
    return at_least_one(channels // reduction)


class SqueezeExcitation(nn.Module):
    """The gate (N, C, 1, 1) in [0, 1] of feature maps (N, C, H, W): pooled, reduced, ReLU, expanded, sigmoid."""

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
