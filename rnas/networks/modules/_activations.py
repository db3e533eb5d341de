"""Activation functions that torch does not have."""

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
        # Parameters of one dimension would turn maps of reduced precision into float32.
        alpha, beta = self.alpha.to(x.dtype), self.beta.to(x.dtype)
        return torch.relu(beta * x) + torch.relu(-alpha * x)
