"""Implement the l-infinity ball: every pixel moves by at most the radius."""

import torch
from torch import Tensor

from rnas.utils.counter_noise import uniform


class LInf:
    """Provide the geometry of the l-infinity ball."""

    def size(self, change: Tensor) -> Tensor:
        """Return the largest absolute change of a pixel, (n,)."""
        return change.abs().flatten(1).amax(1)

    def ascend(self, points: Tensor, gradient: Tensor, length: float) -> Tensor:
        """Move every pixel by the length in the direction of the sign of its gradient."""
        return torch.add(points, gradient.sign(), alpha=length)

    def project(self, points: Tensor, images: Tensor, radius: float) -> Tensor:
        """Return the nearest points of the ball and [0, 1], in this norm and in the Euclidean norm."""
        return torch.clamp(points, (images - radius).clamp_(min=0), (images + radius).clamp_(max=1))

    def noise(self, seed: int, ids: Tensor, shape: tuple[int, ...]) -> Tensor:
        """Draw every pixel uniformly from [-1, 1)."""
        return uniform(seed, ids, shape)
