"""Find normalisation layers for feature maps (N, C, H, W) by name."""

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional as F


class ChannelLayerNorm(nn.LayerNorm):
    """Normalise over the channels of each position, with one weight and one bias per channel."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 (the name of torch's own parameter)
        """Map (N, C, H, W) to the same shape."""
        last = input.permute(0, 2, 3, 1)
        return F.layer_norm(last, self.normalized_shape, self.weight, self.bias, self.eps).permute(0, 3, 1, 2)


def group_norm(channels: int) -> nn.GroupNorm:
    """Return group normalisation with :func:`groups` groups."""
    return nn.GroupNorm(groups(channels), channels)


def groups(channels: int) -> int:
    """Return the number of groups: the largest divisor of the channels that is at most an eighth of them."""
    return next((n for n in range(channels // 8, 1, -1) if channels % n == 0), 1)


class Normalization(NamedTuple):
    """Hold the function from channels to a normalisation, and the number of parameters per channel."""

    make: Callable[[int], nn.Module]
    params: int = 2


NORMALIZATIONS = {
    "batch": Normalization(nn.BatchNorm2d),
    "group": Normalization(group_norm),
    "instance": Normalization(nn.InstanceNorm2d, 0),
    "layer": Normalization(ChannelLayerNorm),
}
"""All have eps 1e-5; batch normalisation has momentum 0.1; instance normalisation has no weight and no bias."""


def runs_on(normalization: str, size: tuple[int, int]) -> bool:
    """Return whether a normalisation can train on maps of (height, width); instance normalisation needs 2 pixels."""
    return normalization != "instance" or size != (1, 1)
