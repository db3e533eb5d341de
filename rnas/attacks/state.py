"""Restore a model after an attack."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn
from torch.nn.modules.batchnorm import _NormBase

from rnas.attacks.names import Mode


@contextmanager
def attacking(model: nn.Module, mode: Mode = "eval") -> Iterator[None]:
    """Put every layer in the mode and parameters without gradient for the block; restore all of it at the end.

    In training mode, BatchNorm would mix an attack's images into its statistics and make a weaker attack.
    """
    modes = [(module, module.training) for module in model.modules()]
    wanted = [parameter for parameter in model.parameters() if parameter.requires_grad]
    model.train(mode != "eval")
    for parameter in wanted:
        parameter.requires_grad_(False)
    try:
        if mode == "train":
            with kept_statistics(model):
                yield
        else:
            yield
    finally:
        for parameter in wanted:
            parameter.requires_grad_(True)
        for module, training in modes:
            module.training = training


@contextmanager
def kept_statistics(model: nn.Module) -> Iterator[None]:
    """Let normalisation layers in training mode use batch statistics in the block, and keep the running ones."""
    tracking = [module for module in model.modules() if isinstance(module, _NormBase) and module.track_running_stats]
    for module in tracking:
        module.track_running_stats = False
    try:
        yield
    finally:
        for module in tracking:
            module.track_running_stats = True
