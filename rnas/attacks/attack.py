"""The contract of an attack."""

from typing import Protocol

from torch import Tensor, nn


class Attack(Protocol):
    """A frozen dataclass of settings; registered under ``rnas.attacks``."""

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
