"""Find activation functions by name.

A block uses one module of a parametric activation everywhere, and so one set of parameters.
"""

from pkgutil import resolve_name
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn


class Activation(NamedTuple):
    """Hold the function that makes an activation, and the number of parameters of one module."""

    defined: str
    params: int = 0

    @property
    def make(self) -> "Callable[[], nn.Module]":
        """Return its class."""
        made: Callable[[], nn.Module] = resolve_name(self.defined)
        return made


ACTIVATIONS = {
    "relu": Activation("torch.nn:ReLU"),
    "silu": Activation("torch.nn:SiLU"),
    "gelu": Activation("torch.nn:GELU"),
    "softplus": Activation("torch.nn:Softplus"),
    "mish": Activation("torch.nn:Mish"),
    "elu": Activation("torch.nn:ELU"),
    "leaky-relu": Activation("torch.nn:LeakyReLU"),
    "prelu": Activation("torch.nn:PReLU", 1),
    "two-slope": Activation("rnas.networks.modules._activations:TwoSlope", 2),
}
"""Activations by name.

GELU is the exact one, Softplus has beta 1 and threshold 20, ELU has alpha 1, LeakyReLU has slope 0.01, and PReLU has
one slope that starts at 0.25.
"""
