"""Keep convolutions in float32 that are slower in reduced precision."""

import torch
from torch import Tensor, nn


class Float32Convolution(nn.Conv2d):
    """Convolve in float32 even under autocast, and return the data type of the input."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 (the name of torch's own parameter)
        """Map (N, C, H, W) to (N, out_channels, ...)."""
        device = input.device.type
        if not torch.is_autocast_enabled(device):
            return super().forward(input)
        with torch.autocast(device, enabled=False):
            bias = None if self.bias is None else self.bias.float()
            maps: Tensor = self._conv_forward(input.float(), self.weight.float(), bias)
        return maps.to(input.dtype)


def keep_slow_ones_in_float32(network: nn.Module) -> None:
    """Let convolutions of a network on the CPU that have groups and a stride compute in float32.

    oneDNN has no bfloat16 kernel for the gradient with respect to their input: it takes five to forty times as long.
    """
    for module in network.modules():
        slow = type(module) is nn.Conv2d and module.groups > 1 and max(module.stride) > 1
        if slow and module.weight.device.type == "cpu":
            module.__class__ = Float32Convolution
