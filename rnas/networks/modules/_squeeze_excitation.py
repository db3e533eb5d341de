"""Squeeze-and-excitation (Hu, Shen, Sun, CVPR 2018)."""

import torch
from torch import Tensor, nn


class SqueezeExcitation(nn.Module):
    """Compute the gate (N, C, 1, 1) in [0, 1] of maps (N, C, H, W): pooled, reduced, ReLU, expanded, sigmoid.

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
        """Map (N, C, H, W) to (N, C, 1, 1)."""
        gate: Tensor = self.fc(torch.mean(x, dim=(2, 3)))
        return gate[:, :, None, None]
