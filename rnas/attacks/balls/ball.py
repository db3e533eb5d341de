"""What an attack needs to know of the ball that it stays in."""

from typing import Protocol

from torch import Tensor


class Ball(Protocol):
    """The geometry of one norm; all pixels and channels of an image together. Nothing waits for the device."""

    def size(self, change: Tensor) -> Tensor:
        """Norm (n,) of what is added to images, (n, C, H, W)."""

    def ascend(self, points: Tensor, gradient: Tensor, length: float) -> Tensor:
        """Points (n, C, H, W) after a step of steepest ascent of the length in this norm; not yet projected.

        Args:
            points: in [0, 1].
            gradient: (n, C, H, W), finite; where an image's is all zero, the image stays.
            length: of the step, at least 0.
        """

    def project(self, points: Tensor, images: Tensor, radius: float) -> Tensor:
        """Points within the radius, which may be infinite, of images and in [0, 1]; those that are there stay."""

    def noise(self, seed: int, ids: Tensor, shape: tuple[int, ...]) -> Tensor:
        """Noise (n, *shape), float32, uniform in the ball of radius 1, a function of (seed, id)."""


def per_image(values: Tensor, like: Tensor) -> Tensor:
    """Values (n,) in the shape (n, 1, 1, 1), to combine with images."""
    return values.reshape(-1, *(1,) * (like.dim() - 1))
