"""Normalisation layers by name, for feature maps (N, C, H, W)."""

from pkgutil import resolve_name
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn


class Normalization(NamedTuple):
    """Where a normalisation is defined, as ``module:class or function``, and its parameters a channel."""

    defined: str
    params: int = 2

    @property
    def make(self) -> "Callable[[int], nn.Module]":
        """What makes it from a number of channels."""
        made: Callable[[int], nn.Module] = resolve_name(self.defined)
        return made


NORMALIZATIONS = {
    "batch": Normalization("torch.nn:BatchNorm2d"),
    "group": Normalization("rnas.networks.modules.normalization:group_norm"),
    "instance": Normalization("torch.nn:InstanceNorm2d", 0),
    "layer": Normalization("rnas.networks.modules.normalization:ChannelLayerNorm"),
}
"""All with eps 1e-5; batch normalisation with momentum 0.1; instance normalisation without weight and bias."""


def runs_on(normalization: str, size: tuple[int, int]) -> bool:
    """Whether a normalisation can train on maps of this (height, width): instance normalisation needs two positions."""
    return normalization != "instance" or size != (1, 1)
