"""The contract of an attack."""

from fractions import Fraction
from typing import Literal, Protocol

from torch import Tensor, nn

Norm = Literal["linf", "l2", "l1"]
"""Of what is added to an image, all its pixels and channels together."""


class Attack(Protocol):
    """A frozen dataclass of settings; found by name through its :class:`rnas.attacks.family.AttackFamily`."""

    @property
    def epsilon(self) -> Fraction:
        """Radius of the ball, an exact fraction, for pixels in [0, 1]."""

    @property
    def norm(self) -> Norm:
        """Norm of the ball."""

    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor, ids: Tensor, seed: int) -> Tensor:
        """Adversarial images.

        Args:
            model: from images to logits; its state and mode, and the global generators, are left as found.
            images: (n, C, H, W) in [0, 1].
            labels: (n,) int64.
            ids: (n,) int64; an image's noise is a function of (seed, id), so that batches change nothing.
            seed: of the attack's noise.

        Returns:
            (n, C, H, W) in [0, 1] and inside the ball around ``images``; a new tensor, without gradient.
        """
