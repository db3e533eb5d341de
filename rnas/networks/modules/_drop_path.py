"""Drop the branches of residual connections at random in training (stochastic depth)."""

import torch
from torch import Tensor, nn


class DropPath(nn.Module):
    """Leave out the branch of a residual connection for some images (Huang et al., ECCV 2016).

    Attributes:
        rate: share of the images, in [0, 1), whose branch is left out in training; the others are divided by what is
            left of 1. A training sets it; in eval mode nothing is left out.
    """

    def __init__(self, rate: float = 0.0) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, branch: Tensor) -> Tensor:
        """Return the branch (n, ...), in which those of some images are 0."""
        if not self.training or not self.rate:
            return branch
        kept = torch.rand(len(branch), *(1,) * (branch.ndim - 1), device=branch.device) >= self.rate
        return branch * kept / (1 - self.rate)

    def extra_repr(self) -> str:
        """Return the rate as the module's text shows it."""
        return f"rate={self.rate:g}"
