"""Activation functions by name.

A parametric activation is one module, and so one set of parameters, wherever a block uses it.
"""

from pkgutil import resolve_name
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn


class Activation(NamedTuple):
    """Where an activation is defined, as ``module:class``, and how many parameters one module of it has."""

    defined: str
    params: int = 0

    @property
    def make(self) -> "Callable[[], nn.Module]":
        """Its class."""
        made: Callable[[], nn.Module] = resolve_name(self.defined)
        return made


ACTIVATIONS = {
    "relu": Activation("torch.nn:ReLU"),
    "silu": Activation("torch.nn:SiLU"),
    "gelu": Activation("torch.nn:GELU"),
    "softplus": Activation("torch.nn:Softplus"),
    "mish": Activation("torch.nn:Mish"),
    "prelu": Activation("torch.nn:PReLU", 1),
    "two-slope": Activation("rnas.networks.modules.activations:TwoSlope", 2),
}
"""GELU is the exact one, Softplus has beta 1 and threshold 20, PReLU one slope that starts at 0.25."""
