"""Compute upper bounds of the expected Lipschitz constant of a network with Gaussian weights, from its sizes alone.

These are theorems 1 and 2 of "Exploring Architectural Ingredients of Adversarially Robust Deep Neural Networks" (Huang,
Wang, Erfani, Gu, Bailey, Ma, NeurIPS 2021). They apply to a chain of layers with 1-Lipschitz activations. In a residual
network the chain consists of its main branches, without identity branches and their 1x1 convolutions, gates and
normalisations. The bound orders widths and depths of one family; it does not bound a trained network.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from rnas.errors import InputError
from rnas.evaluation.diagnostics.diagnostic import Diagnostic, DiagnosticContext
from rnas.networks.architecture import Architecture, Shape
from rnas.networks.modules._squeeze_excitation import SqueezeExcitation
from rnas.networks.residual import ResidualNetwork
from rnas.networks.resnet import ResNet
from rnas.networks.vgg import VGG

_CHAINS = (ResidualNetwork, ResNet, VGG)
_SHORTCUT = "shortcut"


@dataclass(frozen=True)
class Layer:
    """Hold the sizes of a convolution; a linear layer is one with kernel 1 on a 1x1 map.

    Attributes:
        in_channels: W_{j-1}, of one group if the convolution is grouped: its matrix consists of the groups' blocks.
        out_channels: W_j, of one group likewise.
        kernel_size: k_j, (height, width).
        size: m_j, (height, width) of the map that it reads.
    """

    in_channels: int
    out_channels: int
    kernel_size: tuple[int, int] = (1, 1)
    size: tuple[int, int] = (1, 1)

    def bound(self, deviation: float = 1.0) -> float:
        """Return (m sqrt(W_{j-1}) + (m - k + 1) sqrt(W_j)) sigma, with roots of areas if maps are not square.

        With m = k = 1 it is theorem 1's (sqrt(h_{j-1}) + sqrt(h_j)) sigma. A kernel larger than its map counts as one
        of the map's size.

        Args:
            deviation: sigma, standard deviation of the weights.
        """
        entering = math.prod(self.size)
        leaving = math.prod(max(side - kernel + 1, 1) for side, kernel in zip(self.size, self.kernel_size, strict=True))
        return (math.sqrt(self.in_channels * entering) + math.sqrt(self.out_channels * leaving)) * deviation


def log_bound(layers: Iterable[Layer], deviation: float = 1.0) -> float:
    """Return the natural logarithm of the product of the layers' bounds; the product of a deep network can overflow.

    Args:
        layers: layers of a chain.
        deviation: sigma, above 0, of all weights.
    """
    return sum(math.log(layer.bound(deviation)) for layer in layers)


def chain(architecture: Architecture, input_shape: Shape, num_classes: int) -> list[Layer]:
    """Return the convolutions of the main branches and the classifier, in the order in which they run.

    The convolutions on the chunks of a hierarchical block are one layer, with a chunk's channels. The network is built
    without weights, and no random number is drawn.

    Args:
        architecture: a residual network, ResNet or VGG.
        input_shape: (C, H, W) of one image.
        num_classes: number of logits.

    Raises:
        InputError: the architecture is not a chain, or cannot run at this shape.
    """
    if not _is_chain(architecture):
        raise InputError(
            f"the Lipschitz bound is defined for a chain of layers, not for kind {architecture.kind!r}; "
            "leave the diagnostic out"
        )
    with torch.random.fork_rng(devices=[]), torch.device("meta"):
        model = architecture.build(num_classes, input_shape).eval()
        image = torch.zeros(1, *input_shape)
    layers: list[Layer] = []

    def note(module: nn.Module, inputs: tuple[Any, ...], _output: Any) -> None:
        layers.append(_layer(module, inputs[0]))

    for module in _chained(model):
        module.register_forward_hook(note)
    with torch.no_grad():
        model(image)
    return layers


def _is_chain(architecture: Architecture) -> bool:
    """Return whether a network is a chain of layers; attention, whose constant has no bound, is not."""
    return isinstance(architecture, _CHAINS) and not getattr(architecture, "attention_heads", 0)


def _chained(model: nn.Module) -> list[nn.Module]:
    """Return the layers of a network that are part of the chain."""
    skipped: set[nn.Module] = set()
    for name, module in model.named_modules():
        if isinstance(module, SqueezeExcitation) or name.split(".")[-1] == _SHORTCUT:
            skipped.update(module.modules())
        if isinstance(module, nn.ModuleList) and all(isinstance(child, nn.Conv2d) for child in module):
            skipped.update(module[1:])
    return [layer for layer in model.modules() if isinstance(layer, nn.Conv2d | nn.Linear) and layer not in skipped]


def _layer(module: nn.Module, inputs: Tensor) -> Layer:
    if isinstance(module, nn.Linear):
        return Layer(module.in_features, module.out_features)
    assert isinstance(module, nn.Conv2d)
    height, width = module.kernel_size
    groups = module.groups
    return Layer(
        module.in_channels // groups,
        module.out_channels // groups,
        (height, width),
        (inputs.shape[2], inputs.shape[3]),
    )


@dataclass(frozen=True)
class LipschitzBound(Diagnostic):
    """Measure ``log_lipschitz_bound``: the natural logarithm of the bound for weights of deviation 1."""

    metrics: ClassVar[Mapping[str, tuple[float, float]]] = {"log_lipschitz_bound": (-inf, inf)}

    def covers(self, architecture: Architecture) -> bool:
        """Return True for residual networks, ResNets and VGGs."""
        return _is_chain(architecture)

    def __call__(self, context: DiagnosticContext) -> dict[str, float]:
        """Return the bound of the architecture."""
        layers = chain(context.architecture, context.input_shape, context.num_classes)
        return {"log_lipschitz_bound": log_bound(layers)}


DIAGNOSTIC = LipschitzBound()
