"""Activation functions by name.

A parametric activation is one module, and so one set of parameters, wherever a block uses it.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn


class TwoSlope(nn.Module):
    """``max(beta x, 0) - min(alpha x, 0)`` with scalars alpha and beta learned from draws of N(0, 1).

    The "custom" activation of the code released with "Revisiting Residual Networks for Adversarial
    Robustness" (Huang, Lu, Deb, Boddeti, CVPR 2023).
    """

    def __init__(self) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.randn(1))
        self.beta = nn.Parameter(torch.randn(1))

    def forward(self, x: Tensor) -> Tensor:
        """Elementwise; any shape."""
        return torch.relu(self.beta * x) + torch.relu(-self.alpha * x)


class Activation(NamedTuple):
    """How an activation is made, and how many parameters one module of it has."""

    make: Callable[[], nn.Module]
    params: int = 0


ACTIVATIONS = {
    "relu": Activation(nn.ReLU),
    "silu": Activation(nn.SiLU),
    "gelu": Activation(nn.GELU),
    "softplus": Activation(nn.Softplus),
    "mish": Activation(nn.Mish),
    "prelu": Activation(nn.PReLU, 1),
    "two-slope": Activation(TwoSlope, 2),
}
"""GELU is the exact one, Softplus has beta 1 and threshold 20, PReLU one slope that starts at 0.25."""
