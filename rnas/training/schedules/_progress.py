"""Measure the progress of a training."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

Every = Literal["step", "epoch"]
"""When a learning rate changes."""


@dataclass(frozen=True)
class Progress:
    """Count the steps of a training.

    Attributes:
        step: steps done, in [0, steps).
        steps: number of all steps.
        epochs: number of all epochs, a divisor of the number of steps.
    """

    step: int
    steps: int
    epochs: int

    def reached(self, share: float) -> bool:
        """Return whether this share of the steps is done; a decimal such as 0.05 means that fraction exactly."""
        return self.step / self.steps >= share

    def share(self, every: Every) -> Fraction:
        """Return the share in [0, 1) of the training that is done: of its steps, or of its whole epochs.

        The first of n steps is at 1 / (n + 1), so that no step is at either end.
        """
        if every == "step":
            return Fraction(self.step + 1, self.steps + 1)
        return Fraction(self.step * self.epochs // self.steps, self.epochs)
