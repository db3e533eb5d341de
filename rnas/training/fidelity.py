"""How long a network is trained."""

from pydantic import BaseModel, ConfigDict, PositiveInt

from rnas.quantities import FractionField


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
