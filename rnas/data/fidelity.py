"""How long a network is trained."""

from typing import Any

from pydantic import BaseModel, ConfigDict, PositiveInt

from rnas.utils.quantities import FractionField


class Fidelity(BaseModel):
    """One complete schedule, from scratch."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    epochs: PositiveInt
    """Passes over the training images."""
    images: PositiveInt | None = None
    """Number of training images, the first of the train split; None is all."""
    batch_size: PositiveInt
    """Images of one step."""
    attack_steps: PositiveInt | None = None
    """Steps of the inner attack, fewer than the recipe's for a cheaper one; None keeps the recipe's."""
    attack_step: FractionField | None = None
    """Size of a step of the inner attack as a share of epsilon; None keeps the recipe's."""


class LowerRung(BaseModel):
    """Overrides of the highest rung; None keeps its value."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

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
        """The fidelity of this rung."""
        changes: dict[str, Any] = {name: value for name, value in self if value is not None}
        return Fidelity(**(dict(highest) | changes))
