"""Measure weight sparsity: the share of weights of a network that are zero or nearly zero.

"Exploring the Relationship between Architectural Design and Adversarially Robust Generalization" (Liu et al., CVPR
2023) connects it with robustness to attacks that were not used in training.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from torch import nn

from rnas.errors import InputError
from rnas.evaluation.diagnostics.diagnostic import Diagnostic, DiagnosticContext

THRESHOLD = 1e-3
"""Greatest magnitude of a weight that counts as zero, in the weights' own units; rnas chose the value."""


@dataclass(frozen=True)
class Sparsity:
    """Hold shares of weights that count as zero, in [0, 1].

    Attributes:
        layers: share of each convolution and linear layer, by name.
        total: share of all their weights together.
    """

    layers: Mapping[str, float]
    total: float


def sparsity(model: nn.Module, threshold: float = THRESHOLD) -> Sparsity:
    """Return the share of the weights of convolutions and linear layers whose magnitude is at most the threshold.

    Biases and normalisations do not count; a weight that is not finite is not near zero.

    Args:
        model: any network; it is not run.
        threshold: at least 0, in the weights' own units; 0 counts exact zeros.

    Raises:
        InputError: the network has neither a convolution nor a linear layer.
    """
    zeros, sizes = {}, {}
    for name, module in model.named_modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            zeros[name] = int((module.weight.detach().abs() <= threshold).sum())
            sizes[name] = module.weight.numel()
    if not sizes:
        raise InputError("the network has no convolution and no linear layer; sparsity is a share of their weights")
    return Sparsity({name: zeros[name] / sizes[name] for name in sizes}, sum(zeros.values()) / sum(sizes.values()))


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


DIAGNOSTIC = WeightSparsity()
