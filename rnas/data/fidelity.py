"""Set how long a network is trained."""

from typing import Any

from pydantic import PositiveInt

from rnas.utils.model import Model
from rnas.utils.quantities import FractionField


class Fidelity(Model):
    """Set one complete training schedule, from random weights."""

    epochs: PositiveInt
    """Passes over the training images."""
    images: PositiveInt | None = None
    """How many training images, from the beginning of the train split; None takes all."""
    batch_size: PositiveInt
    """Images per step."""
    attack_steps: PositiveInt | None = None
    """Values that replace the recipe's, for a cheaper attack; None keeps the recipe's."""
    attack_step: FractionField | None = None
    """Values that replace the recipe's, for a cheaper attack; None keeps the recipe's."""


class LowerRung(Model):
    """Set how a lower rung differs from the highest; None takes the value of the highest."""

    epochs: PositiveInt | None = None
    """Passes over the training images."""
    images: PositiveInt | None = None
    """Number of training images."""
    batch_size: PositiveInt | None = None
    """Images of one step."""
    attack_steps: PositiveInt | None = None
    """Steps of the inner attack."""
    attack_step: FractionField | None = None
    """Size of a step of the inner attack as a share of epsilon."""

    def below(self, highest: Fidelity) -> Fidelity:
        """Return the fidelity of this rung."""
        changes: dict[str, Any] = {name: value for name, value in self if value is not None}
        return Fidelity(**(dict(highest) | changes))
