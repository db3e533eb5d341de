"""Decay the learning rate along a cosine after a linear warm-up."""

import math
from typing import Literal

from pydantic import Field

from rnas.training.schedules._progress import Every, Progress
from rnas.utils.model import Model, left_out_if_none


class Cosine(Model):
    """Rise linearly from ``initial`` to 1 during the warm-up, then fall along half a cosine to ``final``.

    A cosine that is longer than the rest of the training is cut off by its end.
    """

    name: Literal["cosine"] = "cosine"
    warmup: float = Field(0.0, ge=0, lt=1)
    """Share of the training for the warm-up, in [0, 1)."""
    initial: float = Field(0.0, ge=0, le=1)
    """Value at the start of the warm-up, as a share of the learning rate."""
    final: float = Field(0.0, ge=0, le=1)
    """Value at the end of the cosine, as a share of the learning rate."""
    hold: float | None = left_out_if_none(gt=0, lt=1)
    """Share of the training after the warm-up in which the learning rate is greatest; None is 0."""
    length: float | None = left_out_if_none(gt=0)
    """Length of the half cosine as a share of the training; None ends it with the training."""
    every: Every = "step"
    """When the learning rate changes."""

    def factor(self, progress: Progress) -> float:
        """Return the learning rate as a share of the recipe's."""
        share = float(progress.share(self.every))
        if share < self.warmup:
            return self.initial + (1 - self.initial) * share / self.warmup
        start = self.warmup
        if self.hold is not None:
            start += self.hold
            if share <= start:
                return 1.0
        rest = min((share - start) / (self.length or 1 - start), 1.0)
        return self.final + (1 - self.final) * 0.5 * (1 + math.cos(math.pi * rest))

    def momentum(self, progress: Progress) -> float | None:
        """Return None: the recipe's momentum stays."""
        return None
