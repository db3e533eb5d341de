"""Average the weights over a training."""

from typing import Annotated, Literal

from pydantic import Field

from rnas.training.schedules._progress import Progress
from rnas.utils.model import Model


class EMA(Model):
    """Average the weights exponentially after every step; buffers are the network's own."""

    name: Literal["ema"] = "ema"
    decay: float = Field(gt=0, lt=1)
    """Share of the average that stays in it at each step, in (0, 1)."""
    warmup: float = Field(0.0, ge=0, lt=1)
    """Share of the training during which the average equals the weights (Gowal et al., 2020)."""
    ramp: bool = False
    """Whether, after the warm-up, the decay of step d is at most (1 + d) / (10 + d), as in the same paper."""

    def keeps(self, progress: Progress) -> float:
        """Return the share of the average that stays in it after the step at this progress."""
        done = progress.step - round(self.warmup * progress.steps)
        if done < 0:
            return 0.0
        return min(self.decay, (1 + done) / (10 + done)) if self.ramp else self.decay


class SWA(Model):
    """Take the mean of the weights at the end of epochs: stochastic weight averaging (Izmailov et al., UAI 2018).

    The batch normalisation of the average uses the statistics of the clean training images.
    """

    name: Literal["swa"] = "swa"
    start: float = Field(0.5, ge=0, lt=1)
    """Share of the training after which epochs count, in [0, 1)."""


Averaging = Annotated[EMA | SWA, Field(discriminator="name")]
"""Average of weights over a training."""
