"""The l-infinity ball: every pixel moves by at most the radius."""

import torch
from torch import Tensor

from rnas.utils.counter_noise import uniform


class LInf:
    """See :class:`rnas.attacks.balls.ball.Ball`."""

    def size(self, change: Tensor) -> Tensor:
        """The greatest change of a pixel, (n,)."""
        return change.abs().flatten(1).amax(1)

    def ascend(self, points: Tensor, gradient: Tensor, length: float) -> Tensor:
        """Every pixel moves by the length in the direction of its gradient's sign."""
        return torch.add(points, gradient.sign(), alpha=length)

    def project(self, points: Tensor, images: Tensor, radius: float) -> Tensor:
        """The nearest points, in this norm and in the Euclidean one, of ball and [0, 1]."""
        return torch.clamp(points, (images - radius).clamp_(min=0), (images + radius).clamp_(max=1))

    def noise(self, seed: int, ids: Tensor, shape: tuple[int, ...]) -> Tensor:
        """Every pixel's is uniform in [-1, 1)."""
        return uniform(seed, ids, shape)
