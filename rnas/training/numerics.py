"""Set the arithmetic of a training: each faster form changes results in the last digits or more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from rnas.training._allocation import keep_freed_memory
from rnas.utils._lazy import LazyModule
from rnas.utils.model import Model

if TYPE_CHECKING:
    import torch
    from torch import nn

    from rnas.training import _float32_convolution as float32_convolution
    from rnas.training import _sampled_convolution as sampled_convolution
else:
    torch = LazyModule("torch")
    nn = LazyModule("torch.nn")
    float32_convolution = LazyModule("rnas.training._float32_convolution")
    sampled_convolution = LazyModule("rnas.training._sampled_convolution")


class Numerics(Model):
    """Set options for speed. All of them are part of the recipe's hash."""

    precision: Literal["float32", "bfloat16"] = "float32"
    """Precision of convolutions and linear layers in training and the inner attack; weights, normalisation statistics,
    losses and the optimiser stay float32, and so does every evaluation.
    """
    channels_last: bool = True
    """Whether images and weights are stored with their channels last."""
    folding: bool = True
    """Whether the inner attack in eval mode runs batch normalisation as part of the convolution before it; see
    :class:`rnas.training._folding.FoldedNetwork`.
    """
    tf32: bool = False
    """Whether NVIDIA GPUs may round the inputs of float32 multiplications to TensorFloat-32."""
    cuda_graphs: bool = False
    """Whether a GPU runs all steps of the inner attack as one CUDA graph, for networks whose kernels are so short that
    launching them takes longer.
    """
    compile: bool = False
    """Whether torch.compile compiles the network, which takes minutes before the first step."""

    @contextmanager
    def active(self, device: torch.device) -> Iterator[None]:
        """Apply the options to multiplications in the block."""
        if device.type == "cpu":
            keep_freed_memory()
        cudnn, matmul = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = self.tf32
        try:
            # Autocast's cache of rounded weights lives as long as the context, longer than an optimiser's step.
            reduced = self.precision == "bfloat16"
            with torch.autocast(device.type, dtype=torch.bfloat16, enabled=reduced, cache_enabled=False):
                yield
        finally:
            torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = cudnn, matmul

    @property
    def dtype(self) -> torch.dtype | None:
        """Return the data type to which autocast rounds the weights of these layers; None without autocast."""
        return torch.bfloat16 if self.precision == "bfloat16" else None

    @property
    def memory_format(self) -> torch.memory_format:
        """Return the memory format of images and weights."""
        return torch.channels_last if self.channels_last else torch.contiguous_format

    def prepare(self, model: nn.Module) -> None:
        """Convert the convolutions of a network to the memory format, and each to its fastest form."""
        nn.utils.convert_conv2d_weight_memory_format(model, self.memory_format)
        if self.channels_last:
            sampled_convolution.sample_before_pointwise_convolutions(model)
        if self.precision == "bfloat16":
            float32_convolution.keep_slow_ones_in_float32(model)
