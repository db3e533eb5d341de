"""Measure weight sparsity: the share of weights of a network that are zero or nearly zero.

"Exploring the Relationship between Architectural Design and Adversarially Robust Generalization" (Liu et al., CVPR
2023) connects it with robustness to attacks that were not used in training. What it prints says neither which weights
count as zero nor of which layers they are, so that both definitions here are those of rnas.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd

from rnas.errors import InputError
from rnas.evaluation.diagnostics.diagnostic import Diagnostic, DiagnosticContext
from rnas.networks.architecture import Architecture
from rnas.networks.modules._tokens import Attend
from rnas.networks.zoo import CIFAR

THRESHOLD = 1e-3
"""Greatest magnitude of a weight that counts as zero, in the weights' own units; rnas chose the value."""

RELATIVE = 0.1
"""Greatest magnitude of a weight that counts as zero, as a share of the root mean square of its layer's weights; rnas
chose the value. Weights of a normal distribution have a sparsity of 8 %.
"""


@dataclass(frozen=True)
class Sparsity:
    """Hold shares of weights that count as zero, in [0, 1].

    Attributes:
        layers: share of each convolution and linear layer, by name.
        total: share of all their weights together.
        attention: share of all weights of layers within attention together; None without attention.
    """

    layers: Mapping[str, float]
    total: float
    attention: float | None = None


def sparsity(model: nn.Module, threshold: float = THRESHOLD, relative: bool = False) -> Sparsity:
    """Return the share of the weights of convolutions and linear layers whose magnitude is at most the threshold.

    Biases and normalisations do not count; a weight that is not finite is not near zero.

    Args:
        model: any network; it is not run.
        threshold: at least 0, in the weights' own units; 0 counts exact zeros.
        relative: whether the threshold is a share of the root mean square of each layer's weights instead, so that a
            layer whose output is normalised has the same sparsity whatever the scale of its weights is.

    Raises:
        InputError: the network has neither a convolution nor a linear layer.
    """
    zeros, sizes = {}, {}
    attention = [name for name, module in model.named_modules() if _attends(module)]
    for name, module in model.named_modules():
        if isinstance(module, _ConvNd | nn.Linear):
            weights = module.weight.detach().double()
            limit = threshold * weights.square().mean().sqrt() if relative else threshold
            zeros[name] = int((weights.abs() <= limit).sum())
            sizes[name] = weights.numel()
    if not sizes:
        raise InputError("the network has no convolution and no linear layer; sparsity is a share of their weights")
    within = [name for name in sizes if any(name == own or name.startswith(f"{own}.") for own in attention)]
    return Sparsity(
        {name: zeros[name] / sizes[name] for name in sizes},
        _share(zeros, sizes, [*sizes]),
        _share(zeros, sizes, within) if within else None,
    )


def _share(zeros: Mapping[str, int], sizes: Mapping[str, int], names: Sequence[str]) -> float:
    return sum(zeros[name] for name in names) / sum(sizes[name] for name in names)


def _attends(module: nn.Module) -> bool:
    """Return whether a module makes queries, keys and values, which one of its own modules multiplies."""
    return any(isinstance(child, Attend) for child in module.children())


@dataclass(frozen=True)
class WeightSparsity(Diagnostic):
    """Measure ``sparsity``, of all weights together.

    Attributes:
        threshold: greatest magnitude that counts as zero; see :func:`sparsity`.
    """

    metrics: ClassVar[Mapping[str, tuple[float, float]]] = {"sparsity": (0.0, 1.0)}

    threshold: float = THRESHOLD

    def __call__(self, context: DiagnosticContext) -> dict[str, float]:
        """Return the sparsity of the context's network."""
        return {"sparsity": sparsity(context.model, self.threshold).total}


@dataclass(frozen=True)
class RelativeSparsity(Diagnostic):
    """Measure ``relative_sparsity``: a weight is near zero by the size of its layer's other weights.

    Attributes:
        threshold: greatest magnitude that counts as zero, as a share; see :func:`sparsity`.
    """

    metrics: ClassVar[Mapping[str, tuple[float, float]]] = {"relative_sparsity": (0.0, 1.0)}

    threshold: float = RELATIVE

    def __call__(self, context: DiagnosticContext) -> dict[str, float]:
        """Return the relative sparsity of the context's network."""
        return {"relative_sparsity": sparsity(context.model, self.threshold, relative=True).total}


@dataclass(frozen=True)
class AttentionSparsity(Diagnostic):
    """Measure ``attention_sparsity``, the relative sparsity of the layers within attention.

    Attributes:
        threshold: greatest magnitude that counts as zero, as a share; see :func:`sparsity`.
    """

    metrics: ClassVar[Mapping[str, tuple[float, float]]] = {"attention_sparsity": (0.0, 1.0)}

    threshold: float = RELATIVE

    def covers(self, architecture: Architecture) -> bool:
        """Return whether a network has attention."""
        with torch.device("meta"):
            model = architecture.build(2, CIFAR)
        return any(map(_attends, model.modules()))

    def __call__(self, context: DiagnosticContext) -> dict[str, float]:
        """Return the relative sparsity of the attention of the context's network.

        Raises:
            InputError: the network has no attention.
        """
        found = sparsity(context.model, self.threshold, relative=True).attention
        if found is None:
            raise InputError("attention_sparsity: the network has no attention; leave the diagnostic out")
        return {"attention_sparsity": found}


DIAGNOSTIC = WeightSparsity()
RELATIVE_DIAGNOSTIC = RelativeSparsity()
ATTENTION_DIAGNOSTIC = AttentionSparsity()
