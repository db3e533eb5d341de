"""The fast gradient sign method (Goodfellow et al., ICLR 2015)."""

from dataclasses import dataclass
from fractions import Fraction

from torch import Tensor, nn

from rnas.attacks.attack import Norm
from rnas.attacks.family import AttackFamily
from rnas.attacks.pgd import PGD
from rnas.attacks.start import FROM_THE_IMAGE


@dataclass(frozen=True)
class FGSM:
    """One gradient step of size epsilon on the cross-entropy, from the image as it is.

    In the l-infinity norm it follows the gradient's sign; in l2 the gradient itself, known as the fast gradient
    method; in l1 it moves pixels to the end of their range, those of the greatest gradients first, until epsilon is
    spent. In l-infinity and l1 this is what raises a linear loss most within ball and range of pixels.

    Attributes:
        epsilon: radius of the ball, an exact fraction, at least 0; in the l-infinity norm at most 1.
        norm: of the ball.
    """

    epsilon: Fraction
    norm: Norm = "linf"

    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor, ids: Tensor, seed: int) -> Tensor:
        """See :class:`rnas.attacks.attack.Attack`; nothing of it depends on ids and seed."""
        return self.as_pgd()(model, images, labels, ids, seed)

    def as_pgd(self) -> PGD:
        """See :class:`rnas.attacks.description.SpecialCaseOfPGD`."""
        return PGD(self.epsilon, 1, Fraction(1), start=FROM_THE_IMAGE, norm=self.norm)


FAMILY = AttackFamily(
    name="fgsm",
    forms="fgsm",
    norms=("linf", "l2", "l1"),
    parse=lambda name, epsilon, norm: FGSM(epsilon, norm) if name == "fgsm" else None,
)
