"""Restore a model after an attack."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn
from torch.jit import ScriptModule
from torch.nn.modules.batchnorm import _NormBase

from rnas.attacks.names import Mode


@contextmanager
def attacking(model: nn.Module, mode: Mode = "eval") -> Iterator[None]:
    """Put every layer in the mode and parameters without gradient for the block; restore all of it at the end.

    In training mode, BatchNorm would mix an attack's images into its statistics and make a weaker attack.
    """
    # Training does this twice a step: modules are listed once, and their modes are set without nn.Module's checks.
    modules = list(model.modules())
    modes = [(module, module.training) for module in modules]
    parameters = (parameter for module in modules for parameter in module._parameters.values())
    wanted = [parameter for parameter in parameters if parameter is not None and parameter.requires_grad]
    if any(type(module).train is not nn.Module.train for module in modules):
        model.train(mode != "eval")
    else:
        for module in modules:
            _set_mode(module, mode != "eval")
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
            _set_mode(module, training)


def _set_mode(module: nn.Module, training: bool) -> None:
    if type(module).__setattr__ is nn.Module.__setattr__ and not isinstance(module, ScriptModule):
        module.__dict__["training"] = training
    else:
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
