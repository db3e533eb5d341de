"""Apply adversarial weight perturbation (Wu et al., NeurIPS 2020)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pydantic import Field, PositiveFloat

from rnas.utils._lazy import LazyModule
from rnas.utils.model import Model

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn
else:
    torch = LazyModule("torch")

_TINY = 1e-20


class WeightPerturbation(Model):
    """Train at weights that are moved, tensor by tensor, in the direction of a higher loss."""

    gamma: PositiveFloat
    """Size of the move as a share of a tensor's norm."""
    start: float = Field(0.0, ge=0, lt=1)
    """Share of the training before it begins, in [0, 1)."""


@contextmanager
def perturbed(model: nn.Module, gradients: dict[str, Tensor], gamma: float) -> Iterator[None]:
    """Add gamma * |w| * g / |g| to each weight tensor w of two or more dimensions in the block; subtract it at the end.

    Args:
        model: the network; other changes to its weights in the block stay.
        gradients: gradients of the loss, by parameter name.
        gamma: size of the move.
    """
    with torch.no_grad():
        moves = {
            parameter: gradients[name] * (gamma * parameter.norm() / (gradients[name].norm() + _TINY))
            for name, parameter in model.named_parameters()
            if name in gradients and parameter.ndim > 1
        }
        for parameter, move in moves.items():
            parameter.add_(move)
    try:
        yield
    finally:
        with torch.no_grad():
            for parameter, move in moves.items():
                parameter.sub_(move)
