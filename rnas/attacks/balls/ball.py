"""Define what an attack needs to know about its ball."""

from typing import Protocol

from torch import Tensor


class Ball(Protocol):
    """Provide the geometry of one norm, over all pixels and channels of an image. No method waits for the device."""

    def size(self, change: Tensor) -> Tensor:
        """Return the norm (n,) of perturbations (n, C, H, W)."""

    def ascend(self, points: Tensor, gradient: Tensor, length: float) -> Tensor:
        """Return points (n, C, H, W) after a step of steepest ascent in this norm; they are not yet projected.

        Args:
            points: (n, C, H, W) in [0, 1].
            gradient: (n, C, H, W), finite; an image whose gradient is all zero does not move.
            length: length of the step, at least 0.
        """

    def project(self, points: Tensor, images: Tensor, radius: float) -> Tensor:
        """Move points into [0, 1] and within the radius, possibly infinite, of images; others do not move."""

    def noise(self, seed: int, ids: Tensor, shape: tuple[int, ...]) -> Tensor:
        """Return noise (n, *shape), float32, uniform in the ball of radius 1, a function of (seed, id)."""


def per_image(values: Tensor, like: Tensor) -> Tensor:
    """Reshape values (n,) to (n, 1, 1, 1), to combine them with images."""
    return values.reshape(-1, *(1,) * (like.dim() - 1))
