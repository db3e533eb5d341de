"""Replace pointwise convolutions with a stride, which torch's CPU library computes wrongly in one memory format."""

from torch import Tensor, nn
from torch.nn import functional as F


class SampledConvolution(nn.Conv2d):
    """Compute a 1x1 convolution with a stride as one without stride on every n-th position."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 (the name of torch's own parameter)
        """Map (N, C, H, W) to (N, out_channels, ...)."""
        # Pooling over one position selects it. A slice would do too, but its gradient, and those of all layers before,
        # would lose channels_last: a step would take a sixth more time.
        return F.conv2d(F.avg_pool2d(input, 1, self.stride), self.weight, self.bias, groups=self.groups)


_FEW_CHANNELS = 16


def sample_before_pointwise_convolutions(network: nn.Module) -> None:
    """Let pointwise convolutions on the CPU that have a stride and few channels select their positions first.

    In channels_last, torch 2.13's gradient with respect to the weights of such a convolution writes outside its memory
    if maps are large: the process crashes at 4 and at 8 channels of 64x64, not at 16 or more. The values are the same,
    but it takes longer, so all other convolutions stay unchanged.
    """
    for module in network.modules():
        if type(module) is not nn.Conv2d or module.kernel_size != (1, 1) or module.padding != (0, 0):
            continue
        few = module.in_channels // module.groups < _FEW_CHANNELS
        if few and max(module.stride) > 1 and module.weight.device.type == "cpu":
            module.__class__ = SampledConvolution
