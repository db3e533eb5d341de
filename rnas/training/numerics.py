"""How the arithmetic of a training is done: faster forms, each of which changes results in the last digits or more."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch
from pydantic import BaseModel, ConfigDict
from torch import nn

from rnas.training.allocation import keep_freed_memory
from rnas.training.float32_convolution import keep_slow_ones_in_float32
from rnas.training.sampled_convolution import sample_before_pointwise_convolutions


class Numerics(BaseModel):
    """Switches of speed. All are part of the recipe's hash.

    Attributes:
        precision: of convolutions and linear layers in training and the inner attack; weights, normalisation
            statistics, losses and the optimiser stay float32, and so does every evaluation.
        channels_last: memory format of images and weights.
        folding: while images are crafted in eval mode, batch normalisation is part of the convolution before it, see
            :class:`rnas.training.folding.FoldedNetwork`.
        tf32: whether NVIDIA GPUs may round the inputs of float32 multiplications to TensorFloat-32.
        cuda_graphs: on a GPU, all steps of the inner attack as one CUDA graph, for networks whose kernels are so short
            that launching them takes longer.
        compile: the network through torch.compile, which takes minutes before the first step.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    precision: Literal["float32", "bfloat16"] = "float32"
    channels_last: bool = True
    folding: bool = True
    tf32: bool = False
    cuda_graphs: bool = False
    compile: bool = False

    @contextmanager
    def active(self, device: torch.device) -> Iterator[None]:
        """Within, multiplications are done so."""
        if device.type == "cpu":
            keep_freed_memory()
        cudnn, matmul = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = self.tf32
        try:
            # Autocast's cache of rounded weights lives as long as the context: it would outlive an optimiser's step.
            reduced = self.precision == "bfloat16"
            with torch.autocast(device.type, dtype=torch.bfloat16, enabled=reduced, cache_enabled=False):
                yield
        finally:
            torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = cudnn, matmul

    @property
    def dtype(self) -> torch.dtype | None:
        """To which autocast rounds the weights of convolutions and linear layers; None where it does not."""
        return torch.bfloat16 if self.precision == "bfloat16" else None

    @property
    def memory_format(self) -> torch.memory_format:
        """Of images and weights."""
        return torch.channels_last if self.channels_last else torch.contiguous_format

    def prepare(self, model: nn.Module) -> None:
        """Bring the convolutions of a network into the memory format, and into what each of them is fastest in."""
        nn.utils.convert_conv2d_weight_memory_format(model, self.memory_format)
        if self.channels_last:
            sample_before_pointwise_convolutions(model)
        if self.precision == "bfloat16":
            keep_slow_ones_in_float32(model)
