"""Pointwise convolutions with a stride, which torch's CPU library gets wrong in one memory format."""

from torch import Tensor, nn
from torch.nn import functional as F


class SampledConvolution(nn.Conv2d):
    """A 1x1 convolution with a stride, computed as the same convolution without stride on every n-th position."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 (the name of torch's own parameter)
        """(N, C, H, W) to (N, out_channels, ...)."""
        # Pooling one position is to take it. A slice would do too, but its gradient leaves channels_last, and with it
        # all before: a sixth more time for a step.
        return F.conv2d(F.avg_pool2d(input, 1, self.stride), self.weight, self.bias, groups=self.groups)


_FEW_CHANNELS = 16


def sample_before_pointwise_convolutions(network: nn.Module) -> None:
    """Make pointwise convolutions on the CPU that have a stride and few channels take their positions first.

    In channels_last, torch 2.13's gradient by the weights of such a convolution writes beyond its memory where maps are
    large: the process crashes at 4 and at 8 channels of 64x64, not at 16 or more. The values are the same, but it
    takes longer, so that all others stay as they are.
    """
    for module in network.modules():
        if type(module) is not nn.Conv2d or module.kernel_size != (1, 1) or module.padding != (0, 0):
            continue
        few = module.in_channels // module.groups < _FEW_CHANNELS
        if few and max(module.stride) > 1 and module.weight.device.type == "cpu":
            module.__class__ = SampledConvolution
