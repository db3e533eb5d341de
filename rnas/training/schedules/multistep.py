"""Reduce the learning rate in steps at given shares of the training."""

from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field

from rnas.training.schedules._progress import Progress
from rnas.utils.model import Model
from rnas.utils.quantities import FractionField


class Multistep(Model):
    """Multiply the learning rate by ``gamma`` at each milestone, at the beginning of an epoch."""

    name: Literal["multistep"] = "multistep"
    milestones: tuple[Annotated[FractionField, Field(lt=Fraction(1))], ...]
    """Shares of the training below 1, exact fractions; 3/4 of 100 epochs is the epoch with index 75."""
    gamma: float = Field(0.1, gt=0, le=1)
    """Factor at each milestone, at most 1."""

    def factor(self, progress: Progress) -> float:
        """Return the learning rate as a share of the recipe's."""
        share = progress.share("epoch")
        return self.gamma ** sum(share >= milestone for milestone in self.milestones)

    def momentum(self, progress: Progress) -> float | None:
        """Return None: the recipe's momentum stays."""
        return None
