"""Find normalisation layers for feature maps (N, C, H, W) by name."""

from pkgutil import resolve_name
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn


class Normalization(NamedTuple):
    """Hold the function from channels to a normalisation, and the number of parameters per channel."""

    defined: str
    params: int = 2

    @property
    def make(self) -> "Callable[[int], nn.Module]":
        """Return what makes it from a number of channels."""
        made: Callable[[int], nn.Module] = resolve_name(self.defined)
        return made


NORMALIZATIONS = {
    "batch": Normalization("torch.nn:BatchNorm2d"),
    "group": Normalization("rnas.networks.modules._normalization:group_norm"),
    "instance": Normalization("torch.nn:InstanceNorm2d", 0),
    "layer": Normalization("rnas.networks.modules._normalization:ChannelLayerNorm"),
}
"""All have eps 1e-5; batch normalisation has momentum 0.1; instance normalisation has no weight and no bias."""


def runs_on(normalization: str, size: tuple[int, int]) -> bool:
    """Return whether a normalisation can train on maps of (height, width); instance normalisation needs 2 pixels."""
    return normalization != "instance" or size != (1, 1)
