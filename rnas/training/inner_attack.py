"""How a recipe crafts its training images."""

from fractions import Fraction
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from rnas.attacks.losses import LossName
from rnas.attacks.pgd import PGD
from rnas.attacks.start import Start
from rnas.attacks.state import Mode
from rnas.utils.quantities import FractionField


class PGDInner(BaseModel):
    """Signed gradient steps from a noisy image: PGD with several, the fast methods with one.

    Attributes:
        steps: how many.
        step: size of one as a share of epsilon; 1/4 is 2/255 at 8/255.
        loss: what they maximise.
        noise: what is added before the first, see :class:`rnas.attacks.start.Start`.
        noise_share: its size as a share of epsilon.
        mode: what normalisation layers do meanwhile, see :data:`rnas.attacks.state.Mode`.
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
        """Forward and backward passes of the inner attack on a batch, without the one that trains on it."""
        return self.steps

    def attack(self, epsilon: Fraction) -> PGD:
        """The attack within a radius."""
        start = Start(self.noise, self.noise_share)
        return PGD(epsilon, self.steps, self.step, self.loss, start=start, mode=self.mode, projection=self.projection)


class FreeAT(BaseModel):
    """Free adversarial training (Shafahi et al., NeurIPS 2019): each batch is trained on several times.

    The gradient that trains the network also moves the perturbation, by steps of a share of epsilon; the
    perturbation of a batch is where that of the next one starts.

    Attributes:
        replays: how often a batch is trained on.
        step: of the perturbation, as a share of epsilon.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Literal["free-at"] = "free-at"
    replays: PositiveInt
    step: FractionField = Fraction(1)

    @property
    def passes(self) -> int:
        """Forward and backward passes of a batch beyond the first."""
        return self.replays - 1


InnerAttack = Annotated[PGDInner | FreeAT, Field(discriminator="name")]
"""Attack that makes the images of an adversarial training."""
