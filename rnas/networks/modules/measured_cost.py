"""Counting the cost of a network that is built."""

from typing import Any

import torch
from torch import nn

from rnas.networks.cost import Cost


def measured_cost(module: nn.Module, input_shape: tuple[int, int, int]) -> Cost:
    """Count the cost of a built module by running one image through it with hooks on its layers.

    This is the slow, independent way; :meth:`Architecture.cost` gives the same numbers without building.
    A module on the ``meta`` device is counted without any computation. Layers are convolutions, linear layers, and
    modules with a method ``multiply_accumulates(inputs, output)``, which returns how many they need for these tensors,
    such as :class:`rnas.networks.modules._tokens.Attend`.

    Args:
        module: module from an image batch (N, C, H, W) to anything.
        input_shape: (C, H, W) of one image.
    """
    flops = 0

    def count(layer: nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        nonlocal flops
        if isinstance(layer, nn.Linear):
            flops += output.numel() * layer.in_features
        elif isinstance(layer, nn.Conv2d):
            flops += output.numel() * layer.weight[0].numel()
        else:
            own: Any = layer
            flops += own.multiply_accumulates(inputs, output)

    layers = [
        layer
        for layer in module.modules()
        if isinstance(layer, nn.Conv2d | nn.Linear) or hasattr(layer, "multiply_accumulates")
    ]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    modes = {part: part.training for part in module.modules()}
    try:
        module.eval()
        weight = next(module.parameters())
        with torch.no_grad():
            module(torch.zeros(1, *input_shape, device=weight.device, dtype=weight.dtype))
    finally:
        for hook in hooks:
            hook.remove()
        for part, mode in modes.items():
            part.training = mode
    return Cost(sum(p.numel() for p in module.parameters() if p.requires_grad), flops)
