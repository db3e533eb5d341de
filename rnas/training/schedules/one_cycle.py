"""Raise the learning rate and then lower it, in one cycle (Smith and Topin, 2017)."""

import math
from typing import Annotated, Literal

from pydantic import Field

from rnas.training.schedules._progress import Every, Progress
from rnas.utils.model import Model

_Momentum = Annotated[float, Field(ge=0, lt=1)]


class OneCycle(Model):
    """Rise from ``initial`` to 1 at ``peak``, then fall to ``final``."""

    name: Literal["one-cycle"] = "one-cycle"
    peak: float = Field(gt=0, lt=1)
    """Share of the training at which the learning rate is greatest, in (0, 1)."""
    initial: float = Field(0.0, ge=0, le=1)
    """Value at the start, as a share of the learning rate."""
    final: float = Field(0.0, ge=0, le=1)
    """Value at the end, as a share of the learning rate."""
    shape: Literal["linear", "cosine"] = "linear"
    """``linear`` or ``cosine`` pieces."""
    momenta: tuple[_Momentum, _Momentum] | None = None
    """Momentum at the peak and at both ends, which moves against the learning rate; None keeps the recipe's."""
    every: Every = "step"
    """When the learning rate changes. By epoch, the last epoch is the end, as when
    ``torch.optim.lr_scheduler.OneCycleLR`` steps once per epoch.
    """

    def factor(self, progress: Progress) -> float:
        """Return the learning rate as a share of the recipe's."""
        return self._between(progress, self.initial, 1.0, self.final)

    def momentum(self, progress: Progress) -> float | None:
        """Return the momentum, or None to keep the recipe's."""
        if self.momenta is None:
            return None
        low, high = self.momenta
        return self._between(progress, high, low, high)

    def _between(self, progress: Progress, first: float, middle: float, last: float) -> float:
        count = progress.steps if self.every == "step" else progress.epochs
        place = float(progress.share(self.every) * count)
        peak, end = self.peak * count, float(count)
        if self.every == "epoch":
            # OneCycleLR counts the first step as done, at the peak and at the end.
            peak, end = max(peak - 1, 0.0), max(end - 1, 1.0)
        if place <= peak and peak > 0:
            return self._shaped(first, middle, place / peak)
        return self._shaped(middle, last, (place - peak) / (end - peak))

    def _shaped(self, start: float, end: float, share: float) -> float:
        weight = 0.5 * (1 + math.cos(math.pi * share)) if self.shape == "cosine" else 1 - share
        return end + (start - end) * weight
