"""Decay the learning rate along a cosine after a linear warm-up."""

import math
from typing import Literal

from pydantic import Field

from rnas.training.schedules._progress import Every, Progress
from rnas.utils.model import Model


class Cosine(Model):
    """Rise linearly from ``initial`` to 1 during the warm-up, then fall along half a cosine to ``final``."""

    name: Literal["cosine"] = "cosine"
    warmup: float = Field(0.0, ge=0, lt=1)
    """Share of the training for the warm-up, in [0, 1)."""
    initial: float = Field(0.0, ge=0, le=1)
    """Value at the start of the warm-up, as a share of the learning rate."""
    final: float = Field(0.0, ge=0, le=1)
    """Value at the end of the cosine, as a share of the learning rate."""
    every: Every = "step"
    """When the learning rate changes."""

    def factor(self, progress: Progress) -> float:
        """Return the learning rate as a share of the recipe's."""
        share = float(progress.share(self.every))
        if share < self.warmup:
            return self.initial + (1 - self.initial) * share / self.warmup
        rest = (share - self.warmup) / (1 - self.warmup)
        return self.final + (1 - self.final) * 0.5 * (1 + math.cos(math.pi * rest))

    def momentum(self, progress: Progress) -> float | None:
        """Return None: the recipe's momentum stays."""
        return None
