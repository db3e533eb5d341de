"""Activation functions that torch does not have."""

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
