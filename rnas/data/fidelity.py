"""How long a network is trained."""

from typing import Any

from pydantic import BaseModel, ConfigDict, PositiveInt

from rnas.utils.quantities import FractionField


class Fidelity(BaseModel):
    """One complete schedule, from scratch.

    Attributes:
        epochs: passes over the training images.
        images: how many training images, the first of the part; None is all.
        batch_size: images of one step.
        attack_steps, attack_step: in place of the recipe's, for a cheaper attack; None keeps the recipe's.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    epochs: PositiveInt
    images: PositiveInt | None = None
    batch_size: PositiveInt
    attack_steps: PositiveInt | None = None
    attack_step: FractionField | None = None


class LowerRung(BaseModel):
    """What a lower rung has otherwise than the highest; None is as there.

    Attributes:
        epochs, images, batch_size, attack_steps, attack_step: see :class:`Fidelity`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    epochs: PositiveInt | None = None
    images: PositiveInt | None = None
    batch_size: PositiveInt | None = None
    attack_steps: PositiveInt | None = None
    attack_step: FractionField | None = None

    def below(self, highest: Fidelity) -> Fidelity:
        """The fidelity of this rung."""
        changes: dict[str, Any] = {name: value for name, value in self if value is not None}
        return Fidelity(**(dict(highest) | changes))
