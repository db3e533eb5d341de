"""Set the arithmetic of a training or an evaluation: faster forms change results in the last digits or more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

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


_WITHOUT_BFLOAT16 = ("NO AVX", "DEFAULT", "AVX2")
"""What torch calls CPUs on which bfloat16 is converted to float32 and back."""


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
    """Whether a GPU runs the inner attack, the pass that trains, and PGD in evaluations each as one CUDA graph, for
    networks whose kernels are so short that launching them takes longer. Each graph keeps its own memory.
    """
    compile: bool = False
    """Whether torch.compile compiles the network, which takes minutes before the first step."""

    @contextmanager
    def active(self, device: torch.device) -> Iterator[None]:
        """Apply the options to all arithmetic in the block, whatever the program around it has set, and restore that.

        Algorithms of cuDNN are deterministic, and none is chosen by timing.
        """
        if device.type == "cpu":
            keep_freed_memory()
        # Autocast's cache of rounded weights lives as long as the context, longer than an optimiser's step.
        reduced = self.precision == "bfloat16"
        autocast = torch.autocast(device.type, dtype=torch.bfloat16, enabled=reduced, cache_enabled=False)
        with _multiplications("tf32" if self.tf32 else "ieee"), _repeatable(), autocast:
            yield

    @property
    def dtype(self) -> torch.dtype | None:
        """Return the data type to which autocast rounds the weights of these layers; None without autocast."""
        return torch.bfloat16 if self.precision == "bfloat16" else None

    @property
    def memory_format(self) -> torch.memory_format:
        """Return the memory format of images and weights."""
        return torch.channels_last if self.channels_last else torch.contiguous_format

    def speed_note(self, device: str) -> str:
        """Return in one line why training is slower on a device than it could be; empty if it is not."""
        capability = torch.backends.cpu.get_cpu_capability()
        if device == "cpu" and self.precision == "bfloat16" and capability in _WITHOUT_BFLOAT16:
            return (
                f"this CPU has no instructions for bfloat16 ({capability}), so that float32 trains faster here: "
                "set precision: float32 in the recipe's numerics"
            )
        return ""

    def prepare(self, model: nn.Module) -> None:
        """Convert the convolutions of a network to the memory format, and each to its fastest form."""
        nn.utils.convert_conv2d_weight_memory_format(model, self.memory_format)
        if self.channels_last:
            sampled_convolution.sample_before_pointwise_convolutions(model)
        if self.precision == "bfloat16":
            float32_convolution.keep_slow_ones_in_float32(model)


@contextmanager
def _multiplications(precision: str) -> Iterator[None]:
    """Let GPUs multiply float32 numbers in this precision, and CPUs in float32."""
    backends: Any = torch.backends
    gpu = backends.cudnn.conv, backends.cudnn.rnn, backends.cuda.matmul
    cpu = backends.mkldnn.conv, backends.mkldnn.rnn, backends.mkldnn.matmul
    # Torch refuses to read its older switches, such as allow_tf32, where a program has used these ones too.
    before = [(operation, operation.fp32_precision) for operation in (*gpu, *cpu)]
    for operation in gpu:
        operation.fp32_precision = precision
    for operation in cpu:
        operation.fp32_precision = "ieee"
    try:
        yield
    finally:
        for operation, found in before:
            # An operation without a precision of its own follows later changes of the general one.
            operation.fp32_precision = "none"
            if operation.fp32_precision != found:
                operation.fp32_precision = found


@contextmanager
def _repeatable() -> Iterator[None]:
    """Let cuDNN use the same deterministic algorithms in every run."""
    cudnn = torch.backends.cudnn
    before = cudnn.enabled, cudnn.deterministic, cudnn.benchmark
    cudnn.enabled, cudnn.deterministic, cudnn.benchmark = True, True, False
    try:
        yield
    finally:
        cudnn.enabled, cudnn.deterministic, cudnn.benchmark = before
