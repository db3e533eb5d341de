"""Define the contract of an attack."""

from fractions import Fraction
from typing import Literal, Protocol

from torch import Tensor, nn

Norm = Literal["linf", "l2", "l1"]
"""The norm of a perturbation, over all pixels and channels of an image together."""


class Attack(Protocol):
    """Attack images. An attack is a frozen dataclass of settings; an ``AttackFamily`` gives it a name."""

    @property
    def epsilon(self) -> Fraction:
        """Return the radius of the ball, an exact fraction, for pixels in [0, 1]."""

    @property
    def norm(self) -> Norm:
        """Return the norm of the ball."""

    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor, ids: Tensor, seed: int) -> Tensor:
        """Return adversarial images.

        Args:
            model: maps images to logits; the attack leaves its state, its mode and the global random generators
                unchanged.
            images: (n, C, H, W) in [0, 1].
            labels: (n,) int64.
            ids: (n,) int64; the noise of an image is a function of (seed, id), so it does not depend on the batch.
            seed: seed of the attack's noise.

        Returns:
            (n, C, H, W) in [0, 1] and in the ball around ``images``; a new tensor without gradient.
        """
