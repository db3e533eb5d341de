"""Score networks by SynFlow: how much of a signal the weights of an untrained network pass on.

Tanaka, Kunin, Yamins, Ganguli, "Pruning neural networks without any data by iteratively conserving synaptic flow"
(NeurIPS 2020); used as a score of networks by Abdelfattah, Mehrotra, Dudziak, Lane, "Zero-Cost Proxies for Lightweight
NAS" (ICLR 2021). With all parameters made positive and an image of ones, it is the sum over weights w of |w dR/dw|,
where R is the sum of the logits.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.instancenorm import _InstanceNorm

from rnas.errors import DivergedError
from rnas.nas.proxies.proxy import untrained
from rnas.networks.architecture import Architecture, Shape

_NORMALIZATIONS = (_BatchNorm, _InstanceNorm, nn.GroupNorm, nn.LayerNorm)


def synflow(architecture: Architecture, input_shape: Shape, num_classes: int, images: Tensor, seed: int) -> float:
    """Return the log of the sum over all convolutions and linear layers; see :class:`rnas.nas.proxies.Proxy`.

    The sum is a product over layers and spans hundreds of orders of magnitude; its logarithm gives the same order. It
    is -inf if no signal reaches the logits. As in the second paper's code, batch normalisation is left out. All other
    normalisation is left out too, since it would remove the signal of a constant image. The images are not read.

    Raises:
        DivergedError: the sum is not finite.
    """
    with untrained(architecture, input_shape, num_classes, seed) as model, torch.enable_grad():
        flow = _flow(model.eval(), torch.ones(1, *input_shape, dtype=torch.float64))
    if not math.isfinite(flow):
        raise DivergedError(f"the flow of the untrained network is {flow}")
    return math.log(flow) if flow > 0 else -math.inf


def _flow(model: nn.Module, image: Tensor) -> float:
    for module in model.modules():
        if isinstance(module, _NORMALIZATIONS):
            module.register_forward_hook(_passed_on)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.abs_()
    layers = [module for module in model.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    weights = [layer.weight for layer in layers]
    gradients = torch.autograd.grad(model(image).sum(), weights, allow_unused=True)
    reached = [(w, g) for w, g in zip(weights, gradients, strict=True) if g is not None]
    return sum((w.detach() * g).abs().sum().item() for w, g in reached)


def _passed_on(_module: nn.Module, inputs: tuple[Any, ...], _output: Any) -> Any:
    return inputs[0]
