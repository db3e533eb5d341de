"""Implement the fast gradient sign method (Goodfellow et al., ICLR 2015)."""

from dataclasses import dataclass
from fractions import Fraction

from torch import Tensor, nn

from rnas.attacks.attack import Norm
from rnas.attacks.family import AttackFamily
from rnas.attacks.pgd import PGD
from rnas.attacks.start import FROM_THE_IMAGE


@dataclass(frozen=True)
class FGSM:
    """Take one gradient step of size epsilon on the cross-entropy, from the original image.

    In the l-infinity norm the step follows the sign of the gradient. In l2 it follows the gradient itself, which is
    known as the fast gradient method. In l1 it moves pixels to the end of their range, the largest gradients first,
    until epsilon is used up. In l-infinity and l1 no other step within ball and pixel range raises a linear loss more.

    Attributes:
        epsilon: radius of the ball, an exact fraction, at least 0; in the l-infinity norm at most 1.
        norm: norm of the ball.
    """

    epsilon: Fraction
    norm: Norm = "linf"

    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor, ids: Tensor, seed: int) -> Tensor:
        """Return adversarial images (see :class:`rnas.attacks.Attack`); ids and seed have no effect."""
        return self.as_pgd()(model, images, labels, ids, seed)

    def as_pgd(self) -> PGD:
        """Return the attack as PGD."""
        return PGD(self.epsilon, 1, Fraction(1), start=FROM_THE_IMAGE, norm=self.norm)


FAMILY = AttackFamily(
    name="fgsm",
    forms="fgsm",
    norms=("linf", "l2", "l1"),
    parse=lambda name, epsilon, norm: FGSM(epsilon, norm) if name == "fgsm" else None,
)
