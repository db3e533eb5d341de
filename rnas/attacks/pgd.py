"""Projected gradient descent in the l-infinity ball (Madry et al., ICLR 2018)."""

from dataclasses import dataclass
from fractions import Fraction

import torch
from torch import Tensor, nn

from rnas.attacks.losses import LOSSES, LossName
from rnas.attacks.noise import uniform
from rnas.attacks.state import attacking


@dataclass(frozen=True)
class PGD:
    """PGD with a uniform random start; its last iterate is the result.

    Attributes:
        epsilon: radius of the ball, an exact fraction in [0, 1].
        steps: gradient steps, at least 1.
        step: size of one step as a share of epsilon (1/4 is 2/255 at 8/255).
        loss: what is maximised.
    """

    epsilon: Fraction
    steps: int
    step: Fraction = Fraction(1, 4)
    loss: LossName = "cross-entropy"

    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor, ids: Tensor, seed: int) -> Tensor:
        """See :class:`rnas.attacks.attack.Attack`."""
        loss = LOSSES[self.loss]
        epsilon, step = float(self.epsilon), float(self.epsilon * self.step)
        lowest, highest = (images - epsilon).clamp_(min=0), (images + epsilon).clamp_(max=1)
        noise = uniform(seed, ids, tuple(images.shape[1:])).to(images.dtype)
        adversarial = torch.add(images, noise, alpha=epsilon).clamp_(0, 1)
        with attacking(model), torch.enable_grad():
            for _ in range(self.steps):
                adversarial.requires_grad_(True)
                total = loss(model(adversarial), labels).sum()
                (gradient,) = torch.autograd.grad(total, adversarial)
                # A pixel whose gradient is not finite stays where it is.
                direction = gradient.nan_to_num_(0, 0, 0).sign_()
                adversarial = torch.add(adversarial.detach(), direction, alpha=step)
                adversarial = torch.clamp(adversarial, lowest, highest)
        return adversarial.detach()
