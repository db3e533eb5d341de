"""Choose the parameters that decay."""

from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _NormBase

_NORMALIZATION = (_NormBase, nn.GroupNorm, nn.LayerNorm)


def parameter_groups(
    model: nn.Module, weight_decay: float, decay_normalization: bool, decay_biases: bool
) -> list[dict[str, Any]]:
    """Return the trainable parameters in groups for an optimiser of torch.

    Args:
        model: the network with the parameters.
        weight_decay: weight decay of the weights of convolutions and linear layers.
        decay_normalization: whether weights and biases of normalisation layers decay too.
        decay_biases: whether the biases of other layers, and parameters of activations, decay too.
    """
    normalization = {
        id(parameter)
        for module in model.modules()
        if isinstance(module, _NORMALIZATION)
        for parameter in module.parameters(recurse=False)
    }
    decaying: list[nn.Parameter] = []
    kept: list[nn.Parameter] = []
    for parameter in model.parameters():
        if not parameter.requires_grad:
            continue
        if id(parameter) in normalization:
            (decaying if decay_normalization else kept).append(parameter)
            continue
        decays = decay_biases or parameter.ndim > 1
        (decaying if decays else kept).append(parameter)
    groups = [{"params": decaying, "weight_decay": weight_decay}, {"params": kept, "weight_decay": 0.0}]
    return [group for group in groups if group["params"]]
