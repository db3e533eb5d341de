"""Average the weights over a training."""

import copy
from collections.abc import Callable
from typing import Annotated, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from rnas.training.schedules.progress import Progress


class EMA(BaseModel):
    """Average the weights exponentially after every step; buffers are the network's own.

    Attributes:
        decay: share of the average that stays in it at each step, in (0, 1).
        warmup: share of the training during which the average equals the weights (Gowal et al., 2020).
        ramp: whether, after the warm-up, the decay of step d is at most (1 + d) / (10 + d), as in the same paper.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Literal["ema"] = "ema"
    decay: float = Field(gt=0, lt=1)
    warmup: float = Field(0.0, ge=0, lt=1)
    ramp: bool = False

    def keeps(self, progress: Progress) -> float:
        """Return the share of the average that stays in it after the step at this progress."""
        done = progress.step - round(self.warmup * progress.steps)
        if done < 0:
            return 0.0
        return min(self.decay, (1 + done) / (10 + done)) if self.ramp else self.decay


class SWA(BaseModel):
    """Take the mean of the weights at the end of epochs: stochastic weight averaging (Izmailov et al., UAI 2018).

    The batch normalisation of the average uses the statistics of the clean training images.

    Attributes:
        start: share of the training after which epochs count, in [0, 1).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Literal["swa"] = "swa"
    start: float = Field(0.5, ge=0, lt=1)


Averaging = Annotated[EMA | SWA, Field(discriminator="name")]
"""Average of weights over a training."""


class Average:
    """Hold the average of a network's weights under a rule.

    Attributes:
        rule: how the average is computed.
        model: a copy of the network with the average as its weights.
    """

    def __init__(self, rule: EMA | SWA, model: nn.Module) -> None:
        self.rule = rule
        self.model = copy.deepcopy(model)
        self._count = 0

    @property
    def started(self) -> bool:
        """Return whether the average contains any weights."""
        return self._count > 0

    def after_step(self, model: nn.Module, progress: Progress) -> None:
        """Add the weights after a step that was taken at this progress."""
        if isinstance(self.rule, EMA):
            self._take_in(model, self.rule.keeps(progress) if self.started else 0.0)

    def after_epoch(self, model: nn.Module, progress: Progress, statistics: Callable[[nn.Module], None]) -> None:
        """Add the weights at the end of an epoch; ``statistics`` renews those of batch normalisation.

        Args:
            model: the network with the weights.
            progress: progress at the beginning of the epoch.
            statistics: function that is called with the averaged network.
        """
        if isinstance(self.rule, SWA) and progress.reached(self.rule.start):
            self._take_in(model, self._count / (self._count + 1))
            statistics(self.model)

    def state(self) -> dict[str, Tensor]:
        """Return the whole state as tensors by name."""
        return {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()} | {
            "count": torch.tensor(self._count)
        }

    def load(self, state: dict[str, Tensor]) -> None:
        """Restore a state from :meth:`state`."""
        prefix = "model."
        self.model.load_state_dict(
            {name.removeprefix(prefix): tensor for name, tensor in state.items() if name.startswith(prefix)}
        )
        self._count = int(state["count"])

    @torch.no_grad()
    def _take_in(self, model: nn.Module, kept: float) -> None:
        # All tensors are updated in one launch, without waiting for the device, as in torch's AveragedModel.
        torch._foreach_lerp_(list(self.model.parameters()), list(model.parameters()), 1 - kept)
        for averaged, buffer in zip(self.model.buffers(), model.buffers(), strict=True):
            averaged.copy_(buffer)
        self._count += 1
