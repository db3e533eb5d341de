"""Find activation functions by name.

A block uses one module of a parametric activation everywhere, and so one set of parameters.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn


class TwoSlope(nn.Module):
    """Compute ``max(beta x, 0) - min(alpha x, 0)`` with learned scalars alpha and beta that start from N(0, 1).

    This is the "custom" activation of the code released with "Revisiting Residual Networks for Adversarial Robustness"
    (Huang, Lu, Deb, Boddeti, CVPR 2023).
    """

    def __init__(self) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.randn(1))
        self.beta = nn.Parameter(torch.randn(1))

    def forward(self, x: Tensor) -> Tensor:
        """Apply the function to each element of a tensor of any shape."""
        return torch.relu(self.beta * x) + torch.relu(-self.alpha * x)


class Activation(NamedTuple):
    """Hold the function that makes an activation, and the number of parameters of one module."""

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
"""GELU is the exact one, Softplus has beta 1 and threshold 20, and PReLU has one slope that starts at 0.25."""
