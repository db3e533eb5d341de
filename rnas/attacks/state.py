"""Leaving a model as it was found."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def attacking(model: nn.Module) -> Iterator[None]:
    """Within: every layer in eval mode and no gradient for parameters. After: all as before.

    BatchNorm in training mode would mix an attack's images into its statistics and make a weaker attack.
    """
    modes = [(module, module.training) for module in model.modules()]
    wanted = [parameter for parameter in model.parameters() if parameter.requires_grad]
    model.eval()
    for parameter in wanted:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in wanted:
            parameter.requires_grad_(True)
        for module, mode in modes:
            module.training = mode
