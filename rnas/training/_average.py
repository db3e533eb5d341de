"""The average of a network's weights, which the rules of :mod:`rnas.training.averaging` describe."""

import copy
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from rnas.training.averaging import EMA, SWA
from rnas.training.schedules._progress import Progress


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
        # All tensors in one launch, and nothing that waits for the device, as torch's AveragedModel does.
        torch._foreach_lerp_(list(self.model.parameters()), list(model.parameters()), 1 - kept)
        buffers = list(self.model.buffers())
        if buffers:
            torch._foreach_copy_(buffers, list(model.buffers()))
        self._count += 1


@torch.no_grad()
def renew_statistics(batches: Iterable[Tensor], model: nn.Module) -> None:
    """Set the running statistics of batch normalisation to their means over batches (n, C, H, W).

    ``torch.optim.swa_utils.update_bn`` does the same, but it reads a counter of every layer from the device.
    """
    momenta = {module: module.momentum for module in model.modules() if isinstance(module, _BatchNorm)}
    if not momenta:
        return
    for module in momenta:
        module.reset_running_stats()
    training = model.training
    model.train()
    for number, images in enumerate(batches, 1):
        for module in momenta:
            module.momentum = 1.0 / number
        model(images)
    for module, momentum in momenta.items():
        module.momentum = momentum
    model.train(training)
