"""Steps down at given shares of the training."""

from fractions import Fraction
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from rnas.training.schedules.progress import Progress
from rnas.utils.quantities import FractionField


class Multistep(BaseModel):
    """Times ``gamma`` at each milestone, at the beginning of an epoch."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    name: Literal["multistep"] = "multistep"
    milestones: tuple[Annotated[FractionField, Field(lt=Fraction(1))], ...]
    """Shares of the training below 1, exact fractions: of 100 epochs, 3/4 is the one with index 75 from 0."""
    gamma: float = Field(0.1, gt=0, le=1)
    """Factor of the learning rate at each milestone, at most 1."""

    def factor(self, progress: Progress) -> float:
        """Learning rate as a share of the recipe's."""
        share = progress.share("epoch")
        return self.gamma ** sum(share >= milestone for milestone in self.milestones)

    def momentum(self, progress: Progress) -> float | None:
        """None: the recipe's momentum stays."""
        return None
