"""Set how a recipe makes its adversarial training images."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, PositiveInt

from rnas.attacks.names import LossName, Mode
from rnas.utils._lazy import LazyModule
from rnas.utils.model import Model
from rnas.utils.quantities import FractionField

if TYPE_CHECKING:
    from rnas.attacks import pgd, start
else:
    pgd = LazyModule("rnas.attacks.pgd")
    start = LazyModule("rnas.attacks.start")


class PGDInner(Model):
    """Take signed gradient steps from a noisy image: several steps are PGD, one step is a fast method."""

    name: Literal["pgd"] = "pgd"
    steps: PositiveInt
    """Number of steps."""
    step: FractionField
    """Size of a step as a share of epsilon; 1/4 is 2/255 at 8/255."""
    loss: LossName = "cross-entropy"
    """Loss that the steps maximise."""
    noise: Literal["none", "uniform", "gaussian"] = "uniform"
    """Noise before the first step; see :class:`rnas.attacks.Start`."""
    noise_share: FractionField = Fraction(1)
    """Size of the noise as a share of epsilon."""
    mode: Mode = "eval"
    """Mode of normalisation layers during the attack; see :data:`rnas.attacks.state.Mode`."""
    projection: bool = True
    """Whether each step ends inside the ball."""

    @property
    def passes(self) -> int:
        """Return the forward and backward passes of the inner attack on a batch, without the one that trains on it."""
        return self.steps

    def attack(self, epsilon: Fraction) -> pgd.PGD:
        """Return the attack within a radius."""
        noise = start.Start(self.noise, self.noise_share)
        return pgd.PGD(
            epsilon, self.steps, self.step, self.loss, start=noise, mode=self.mode, projection=self.projection
        )


class FreeAT(Model):
    """Train on each batch several times: free adversarial training (Shafahi et al., NeurIPS 2019).

    The gradient that trains the network also moves the perturbation, by steps of a share of epsilon. The perturbation
    of a batch is the start for the next batch.
    """

    name: Literal["free-at"] = "free-at"
    replays: PositiveInt
    """Number of training steps on each batch."""
    step: FractionField = Fraction(1)
    """Step of the perturbation, as a share of epsilon."""

    @property
    def passes(self) -> int:
        """Return the forward and backward passes of a batch after the first."""
        return self.replays - 1


InnerAttack = Annotated[PGDInner | FreeAT, Field(discriminator="name")]
"""Attack that makes the images of an adversarial training."""
