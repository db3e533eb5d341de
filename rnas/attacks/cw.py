"""Implement CW: PGD on the loss of Carlini and Wagner (S&P 2017), as papers on robust architectures run it."""

import re
from dataclasses import dataclass
from fractions import Fraction

from torch import Tensor, nn

from rnas.attacks.attack import Norm
from rnas.attacks.family import AttackFamily
from rnas.attacks.pgd import PGD


@dataclass(frozen=True)
class CW:
    """Run PGD with steps of epsilon/10 from a random start on the margin of the logits, clipped at 0.

    The start is clipped to the range of pixels before the first step; the released loops clip after it, which changes
    the outcome for a few images in either direction. This is not the search for the smallest perturbation of Carlini
    and Wagner's own paper.

    Attributes:
        epsilon: l-infinity radius, an exact fraction in [0, 1].
        steps: number of gradient steps, at least 1; CW-40 has 40.
    """

    epsilon: Fraction
    steps: int = 40

    @property
    def norm(self) -> Norm:
        """Return the norm of the ball."""
        return "linf"

    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor, ids: Tensor, seed: int) -> Tensor:
        """Return adversarial images (see :class:`rnas.attacks.Attack`)."""
        return self.as_pgd()(model, images, labels, ids, seed)

    def as_pgd(self) -> PGD:
        """Return the attack as PGD."""
        return PGD(self.epsilon, self.steps, Fraction(1, 10), "cw")


def _parse(name: str, epsilon: Fraction, norm: Norm) -> CW | None:
    match = re.fullmatch(r"cw([1-9]\d{0,5})", name, re.ASCII)
    return None if match is None else CW(epsilon, int(match[1]))


FAMILY = AttackFamily(
    name="cw", forms="cwN for N steps on the margin clipped at 0 such as cw40", norms=("linf",), parse=_parse
)
