"""Hold a network and a few images, on which checks run their own attacks."""

from dataclasses import dataclass, field
from fractions import Fraction

import torch
from torch import Tensor, nn

from rnas.attacks.attack import Attack, Norm
from rnas.attacks.autoattack import APGD, TargetedAPGD
from rnas.attacks.losses import misclassified
from rnas.attacks.state import attacking


@dataclass(frozen=True, eq=False)
class Probe:
    """Hold the inputs of the checks, and cache results that several checks need.

    Attributes:
        model: network from images to logits (n, K); its gradient is zero where it has none.
        images: (n, C, H, W) in [0, 1].
        labels: (n,) int64.
        ids: (n,) int64.
        norm: norm of the ball that attacks search.
        epsilon: radius of the ball.
        seed: seed of the attacks' noise.
        batch_size: images per batch.
    """

    model: nn.Module
    images: Tensor
    labels: Tensor
    ids: Tensor
    norm: Norm
    epsilon: Fraction
    seed: int
    batch_size: int
    _kept: dict[Attack, Tensor] = field(default_factory=dict)

    def logits(self, images: Tensor) -> Tensor:
        """Return logits (n, K) of images (n, C, H, W), in eval mode."""
        with attacking(self.model), torch.no_grad():
            return torch.cat([self.model(some) for some in torch.split(images, self.batch_size)])

    @property
    def right(self) -> Tensor:
        """Return whether each clean image (n,) is classified correctly."""
        return ~misclassified(self.logits(self.images), self.labels)

    @property
    def strong_attack(self) -> Attack:
        """Return APGD towards the nearest class; if there are too few classes for this loss, on the cross-entropy."""
        towards = TargetedAPGD(self.epsilon, self.norm, targets=1)
        enough = self.logits(self.images[:1]).shape[1] >= towards.least_classes
        return towards if enough else APGD(self.epsilon, self.norm)

    def attacked(self, attack: Attack, rows: Tensor) -> Tensor:
        """Return the images at rows (m,) after the attack."""
        batches = torch.split(rows, self.batch_size)
        found = [
            attack(self.model, self.images[some], self.labels[some], self.ids[some], self.seed) for some in batches
        ]
        return torch.cat(found) if found else self.images[rows]

    def robust_to(self, attack: Attack) -> Tensor:
        """Return whether each image (n,) is classified correctly, both clean and under the attack."""
        if attack not in self._kept:
            self._kept[attack] = self.robust_to_among(attack, self.right)
        return self._kept[attack]

    def robust_to_among(self, attack: Attack, among: Tensor) -> Tensor:
        """Return whether each image (n,) is in ``among`` and is classified correctly under the attack."""
        left = among.clone()
        rows = among.nonzero().squeeze(1)
        if len(rows):
            attacked = self.attacked(attack, rows)
            left[rows] = ~misclassified(self.logits(attacked), self.labels[rows])
        return left
