"""Normalisation layers that torch does not have, for feature maps (N, C, H, W)."""

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
