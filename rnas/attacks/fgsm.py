"""The fast gradient sign method, without or with a random start."""

from dataclasses import dataclass
from fractions import Fraction

import torch
from torch import Tensor, nn

from rnas.attacks.losses import cross_entropy
from rnas.attacks.noise import uniform
from rnas.attacks.state import attacking


@dataclass(frozen=True)
class FGSM:
    """One signed gradient step on the cross-entropy.

    Attributes:
        epsilon: radius of the ball, an exact fraction in [0, 1].
        step: size of the step as a share of epsilon.
        random_start: from a uniform point of the ball (FGSM-RS; Wong, Rice and Kolter, ICLR 2020) instead of
            from the image (Goodfellow et al., ICLR 2015).
    """

    epsilon: Fraction
    step: Fraction = Fraction(1)
    random_start: bool = False

    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor, ids: Tensor, seed: int) -> Tensor:
        """See :class:`rnas.attacks.attack.Attack`."""
        epsilon, step = float(self.epsilon), float(self.epsilon * self.step)
        start = images.clone()
        if self.random_start:
            noise = uniform(seed, ids, tuple(images.shape[1:])).to(images.dtype)
            start = start.add_(noise, alpha=epsilon).clamp_(0, 1)
        with attacking(model), torch.enable_grad():
            start.requires_grad_(True)
            (gradient,) = torch.autograd.grad(cross_entropy(model(start), labels).sum(), start)
        moved = torch.add(start.detach(), gradient.nan_to_num_(0, 0, 0).sign_(), alpha=step)
        return torch.clamp(moved, (images - epsilon).clamp_(min=0), (images + epsilon).clamp_(max=1))
