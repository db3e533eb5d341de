"""Set how long a network is trained."""

from typing import Any

from pydantic import BaseModel, ConfigDict, PositiveInt

from rnas.utils.quantities import FractionField


class Fidelity(BaseModel):
    """Set one complete training schedule, from random weights.

    Attributes:
        epochs: passes over the training images.
        images: how many training images, from the beginning of the train split; None takes all.
        batch_size: images per step.
        attack_steps, attack_step: values that replace the recipe's, for a cheaper attack; None keeps the recipe's.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    epochs: PositiveInt
    images: PositiveInt | None = None
    batch_size: PositiveInt
    attack_steps: PositiveInt | None = None
    attack_step: FractionField | None = None


class LowerRung(BaseModel):
    """Set how a lower rung differs from the highest; None takes the value of the highest.

    Attributes:
        epochs, images, batch_size, attack_steps, attack_step: as in :class:`Fidelity`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    epochs: PositiveInt | None = None
    images: PositiveInt | None = None
    batch_size: PositiveInt | None = None
    attack_steps: PositiveInt | None = None
    attack_step: FractionField | None = None

    def below(self, highest: Fidelity) -> Fidelity:
        """Return the fidelity of this rung."""
        changes: dict[str, Any] = {name: value for name, value in self if value is not None}
        return Fidelity(**(dict(highest) | changes))
