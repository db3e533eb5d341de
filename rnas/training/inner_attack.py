"""Set how a recipe makes its adversarial training images."""

from fractions import Fraction
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from rnas.attacks.losses import LossName
from rnas.attacks.pgd import PGD
from rnas.attacks.start import Start
from rnas.attacks.state import Mode
from rnas.utils.quantities import FractionField


class PGDInner(BaseModel):
    """Take signed gradient steps from a noisy image: several steps are PGD, one step is a fast method.

    Attributes:
        steps: number of steps.
        step: size of a step as a share of epsilon; 1/4 is 2/255 at 8/255.
        loss: loss that the steps maximise.
        noise: noise before the first step; see :class:`rnas.attacks.start.Start`.
        noise_share: size of the noise as a share of epsilon.
        mode: mode of normalisation layers during the attack; see :data:`rnas.attacks.state.Mode`.
        projection: whether each step ends inside the ball.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Literal["pgd"] = "pgd"
    steps: PositiveInt
    step: FractionField
    loss: LossName = "cross-entropy"
    noise: Literal["none", "uniform", "gaussian"] = "uniform"
    noise_share: FractionField = Fraction(1)
    mode: Mode = "eval"
    projection: bool = True

    @property
    def passes(self) -> int:
        """Return the forward and backward passes of the inner attack on a batch, without the one that trains on it."""
        return self.steps

    def attack(self, epsilon: Fraction) -> PGD:
        """Return the attack within a radius."""
        start = Start(self.noise, self.noise_share)
        return PGD(epsilon, self.steps, self.step, self.loss, start=start, mode=self.mode, projection=self.projection)


class FreeAT(BaseModel):
    """Train on each batch several times: free adversarial training (Shafahi et al., NeurIPS 2019).

    The gradient that trains the network also moves the perturbation, by steps of a share of epsilon. The perturbation
    of a batch is the start for the next batch.

    Attributes:
        replays: number of training steps on each batch.
        step: step of the perturbation, as a share of epsilon.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Literal["free-at"] = "free-at"
    replays: PositiveInt
    step: FractionField = Fraction(1)

    @property
    def passes(self) -> int:
        """Return the forward and backward passes of a batch after the first."""
        return self.replays - 1


InnerAttack = Annotated[PGDInner | FreeAT, Field(discriminator="name")]
"""Attack that makes the images of an adversarial training."""
